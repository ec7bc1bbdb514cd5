/**
 * What must hold at every moment of a run, looked at after each event that could change it:
 * participants that have resolved the same number of transactions have resolved the same ones; a
 * view, once stored, has the same members everywhere; what a serving coordinator has committed is
 * prepared, on disk, at every member of its newest view that follows it; nobody goes back behind
 * the epoch that it promised, prepares for an older one, or gives up a promise while a view that
 * may count names it. What concerns views alone is in `view-rules.ts`, aborts that clients were
 * told of in `told-aborts.ts`, the coordinator's log in `log-bound.ts`.
 *
 * Who has lost its folder to a fault, or a part of it, is excused.
 */
import type { Coordinator } from '../../src/coordinator/machine.js';
import type { Participant } from '../../src/participant/machine.js';
import type { Cluster } from './cluster.js';
import { durablyPrepared } from './durable.js';
import { LogBound } from './log-bound.js';
import type { SimProcess } from './process.js';
import { ToldAborts } from './told-aborts.js';
import { ViewRules } from './view-rules.js';

/** What a participant had promised when it was last looked at. */
interface Promised {
  readonly machine: Participant;
  readonly epoch: number;
  readonly lastPrepared: number;
  /** The newest that was on disk: only that is a promise. */
  readonly synced: number;
}

export class Observer {
  private readonly chains = new Map<number, string>();
  private readonly views = new Map<string, string>();
  private readonly seen = new Map<string, object>();

  private readonly epochs = new Map<string, number>();
  private readonly promised = new Map<string, Promised>();

  private readonly viewRules: ViewRules;
  private readonly toldAborts: ToldAborts;
  private readonly logBound: LogBound;

  constructor(
    private readonly cluster: Cluster,
    private readonly isExcused: (process: SimProcess) => boolean,
  ) {
    const complain = (text: string): void => {
      this.complain(text);
    };
    this.viewRules = new ViewRules(cluster, isExcused, complain);
    this.logBound = new LogBound(complain);
    this.toldAborts = new ToldAborts(cluster, isExcused, complain);
  }

  look(): void {
    const { coordinator, second, participants } = this.cluster;
    this.viewRules.look();
    this.toldAborts.look();
    for (const participant of participants) {
      const { name, machine } = participant;
      if (machine === null) continue;
      if (!this.isExcused(participant)) this.comparePromise(name, machine);
      this.comparePrepared(name, machine);
      const { resolved, view, installing } = machine.state;
      if (this.seen.get(name) !== resolved && !installing && isFinal(machine)) {
        this.seen.set(name, resolved);
        this.compare(name, resolved.txid, resolved.chain);
      }
      if (view !== null && this.seen.get(`${name} view`) !== view) {
        this.seen.set(`${name} view`, view);
        const members = view.members.map(({ storeId }) => storeId).sort();
        this.compareView(name, `${view.epoch.number}:${view.number}`, members.join(' '));
      }
    }
    for (const machine of [coordinator.machine, second?.machine]) {
      if (!machine) continue;
      this.findMissing(machine);
      this.logBound.look(machine);
    }
  }

  private comparePromise(name: string, { core: { storeId, gate }, state }: Participant): void {
    const before = this.epochs.get(storeId) ?? 0;
    const { number } = state.epoch;
    if (number === before) return;
    if (number < before) this.complain(`${name} promised epoch ${before} and follows ${number}`);
    // Before it is on disk it is no promise.
    if (gate.synced === gate.appended) this.epochs.set(storeId, number);
  }

  /** It prepares for nobody whom it follows no more, and gives up no promise that may count. */
  private comparePrepared(name: string, machine: Participant): void {
    const { state } = machine;
    const { lastPrepared } = state;
    const last = this.promised.get(name);
    const before = last?.machine === machine ? last : null;
    const synced = durablyPrepared(machine);
    if (before?.lastPrepared === lastPrepared && before.synced === synced) return;
    this.promised.set(name, { machine, epoch: state.epoch.number, lastPrepared, synced });
    if (before === null) return;
    const newest = state.inDoubt.at(-1)?.record;
    if (lastPrepared > before.lastPrepared && newest && newest.epoch < before.epoch) {
      const text = `${newest.epoch}:${newest.txid} after it had promised epoch ${before.epoch}`;
      this.complain(`${name} prepared ${text}`);
    }
    if (lastPrepared < before.synced && !state.installing && this.isCountedOn(machine)) {
      this.complain(`${name} gave up transactions up to ${before.synced}, and counts`);
    }
  }

  private isCountedOn({ core: { storeId }, state }: Participant): boolean {
    const { coordinator, second } = this.cluster;
    return [coordinator.machine, second?.machine].some((machine) => {
      if (!machine || machine.core.epoch.nonce !== state.epoch.nonce) return false;
      const peer = machine.peers.byStore(storeId);
      return peer !== undefined && machine.membership.isCountedOn(peer);
    });
  }

  /** An acknowledged write is on the disk of every member of the view. */
  private findMissing({ core, membership }: Coordinator): void {
    if (core.phase !== 'serving') return;
    const { outcomes } = core;
    let committed = core.toldTxid;
    while (committed > 0 && outcomes.get(committed)?.commit === false) committed -= 1;
    const members = membership.latest?.members ?? [];
    for (const participant of this.cluster.participants) {
      const { name, machine } = participant;
      if (machine === null || machine.state.epoch.nonce !== core.epoch.nonce) continue;
      if (durablyPrepared(machine) >= committed || this.isExcused(participant)) continue;
      if (!members.some(({ storeId }) => storeId === machine.core.storeId)) continue;
      const what = machine.state.lastPrepared < committed ? 'lacks' : 'has not synced';
      this.complain(`${name} is a member and ${what} transaction ${committed}, which is committed`);
    }
  }

  private compare(name: string, txid: number, chain: string): void {
    const known = this.chains.get(txid);
    if (known === undefined) this.chains.set(txid, chain);
    else if (known !== chain) {
      this.complain(`${name} resolved another history up to transaction ${txid}`);
    }
  }

  private compareView(name: string, view: string, members: string): void {
    const known = this.views.get(view);
    if (known === undefined) this.views.set(view, members);
    else if (known !== members) this.complain(`view ${view} has other members at ${name}`);
  }

  private complain(text: string): void {
    const { violations, world } = this.cluster;
    if (violations.length < 20) violations.push(`${world.now.toFixed(1)}: ${text}`);
  }
}

/** An abort that is not on disk has been told to nobody: who takes over may still commit. */
function isFinal({ core: { gate }, state: { aborted, resolved } }: Participant): boolean {
  return aborted.at(-1)?.txid !== resolved.txid || gate.synced === gate.appended;
}
