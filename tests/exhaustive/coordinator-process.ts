/**
 * A coordinator as an automaton: the machine that ships, drained after every single input, over a
 * model of its log.
 */
import type { StoreRequest } from '../../src/base/store-request.js';
import { Coordinator } from '../../src/coordinator/machine.js';
import type { CoordinatorInput, CoordinatorReady } from '../../src/coordinator/ready.js';
import { CoordinatorRecovery } from '../../src/coordinator/recovery.js';
import { SILENT_TRACE } from '../../src/ports/trace.js';
import type { Reply } from '../../src/rpc/messages.js';
import { COORDINATOR_SETTINGS } from '../helpers/coordinator-settings.js';
import { canonical } from './canonical.js';
import {
  type Effect,
  type Facts,
  type LocalInput,
  type LocalProcess,
  type Sabotage,
  type Step,
  internMessage,
  labelActions,
  NamingPrng,
} from './local-process.js';
import { ModelDisk, type SavedDisk } from './model-disk.js';

/** The i-th client writes a key of its own, and one that all write. */
export function requestOf(index: number): StoreRequest {
  const value = Buffer.from(`v${index}`);
  const pairs = [[`k${index}`, value] as const, ['all', value] as const];
  return { type: 'write', command: { op: 'set', pairs } };
}

interface Internals {
  readonly transactions: {
    readonly undecided: readonly { readonly txid: number; readonly state: string }[];
    readonly awaited: readonly unknown[];
    readonly aborts: { readonly all: readonly unknown[] };
    readonly isHeld: boolean;
  };
  readonly takeover: { readonly inquiry: { readonly isWithoutLog: boolean } };
}

export class CoordinatorProcess implements LocalProcess {
  private readonly machine: Coordinator;
  private readonly disk: ModelDisk;
  private now = 0;
  private readonly nameOf = new Map<number, string>();
  private readonly dialOf = new Map<string, number>();
  private readonly labels = new WeakMap<() => void, string>();
  private readonly isFirst: boolean;
  private effects: Effect[] = [];
  private unsynced: number[] = [];
  private exitReason = '';

  constructor(
    saved: SavedDisk,
    private readonly addresses: readonly string[],
    sabotage: Sabotage,
  ) {
    const recovery = new CoordinatorRecovery();
    for (const record of saved.records) recovery.feed(record);
    this.isFirst = saved.records.length === 0;
    this.disk = new ModelDisk(saved, saved.lives + 1);
    this.machine = new Coordinator({
      recovered: recovery.finish(),
      settings: {
        ...COORDINATOR_SETTINGS,
        ownAddress: 'c:1',
        participants: addresses,
        maxQueuedRequests: 1000,
      },
      storeId: 'c-store',
      clusterId: saved.clusterId,
      generation: 0,
      isCopied: false,
      prng: new NamingPrng(`life${this.disk.lives}`),
      trace: SILENT_TRACE,
      now: 0,
    });
    const isOpen = sabotage.openGate === 'coordinator';
    labelActions(this.machine.core.gate, isOpen, this.labels, () => this.captured());
  }

  /** What an action behind the gate may have captured: transactions, latest view, epoch. */
  private captured(): string {
    const { core, membership } = this.machine;
    const under = this.internals.transactions.undecided.map(({ txid, state }) => [txid, state]);
    return JSON.stringify([under, membership.latest, core.epoch]);
  }

  private get internals(): Internals {
    return this.machine as unknown as Internals;
  }

  input(input: LocalInput): Step {
    this.effects = [];
    this.unsynced = [];
    if (input.kind === 'tick') this.now += input.ms;
    const translated = this.translate(input);
    if (translated !== null) this.machine.step(translated, this.now);
    this.drain();
    this.disk.beginFlushIfDue(this.now);
    return { effects: this.effects, unsynced: this.unsynced, applied: [] };
  }

  private translate(input: LocalInput): CoordinatorInput | null {
    switch (input.kind) {
      case 'synced':
        return { type: 'synced', lsn: this.disk.finishFlush() };
      case 'tick':
        return { type: 'tick' };
      case 'client': {
        const { request } = input;
        const client = { session: request, token: request };
        return { type: 'client', client, request: requestOf(request) };
      }
      case 'stored':
        return null;
      default: {
        const dial = this.dialOf.get(input.at);
        if (dial === undefined) return null;
        if (input.kind === 'opened') return { type: 'dialOpened', dial };
        if (input.kind === 'closed') return { type: 'dialClosed', dial, reason: 'closed' };
        return { type: 'dialReply', dial, message: input.message as Reply };
      }
    }
  }

  private drain(): void {
    for (;;) {
      const ready = this.machine.takeReady();
      if (ready === null) return;
      this.carryOut(ready);
    }
  }

  private carryOut(ready: CoordinatorReady): void {
    const { disk } = this;
    if (ready.adopt !== null) disk.clusterId = ready.adopt.clusterId;
    disk.append(ready.persist, this.now);
    for (const { dial, message } of ready.send) {
      const at = this.nameOf.get(dial);
      if (at !== undefined) this.effect({ kind: 'send', at, message: internMessage(message) });
    }
    for (const { client, reply } of ready.reply) {
      this.effect({ kind: 'reply', request: client.token, reply });
    }
    for (const { dial, address } of ready.dial) {
      const at = this.channelOf(dial, address);
      this.nameOf.set(dial, at);
      this.dialOf.set(at, dial);
      this.effect({ kind: 'dial', at, address });
    }
    for (const dial of ready.close) this.close(dial);
    if (ready.urgent) disk.hurry();
    if (ready.exit !== null) {
      this.exitReason = ready.exit;
      this.effect({ kind: 'exit', reason: ready.exit });
    }
  }

  private channelOf(dial: number, address: string): string {
    const index = this.addresses.indexOf(address);
    return `${this.machine.peers.all[index]?.data.dial === dial ? 'd' : 'h'}${index}`;
  }

  private close(dial: number): void {
    const at = this.nameOf.get(dial);
    if (at === undefined) return;
    this.nameOf.delete(dial);
    if (this.dialOf.get(at) !== dial) return;
    this.dialOf.delete(at);
    this.effect({ kind: 'close', at });
  }

  private effect(effect: Effect): void {
    this.effects.push(effect);
    this.unsynced.push(this.disk.unsynced);
  }

  canonical(): string {
    const labelOf = (action: () => void): string => this.labels.get(action) ?? '?';
    return `${this.disk.canonical(this.now)} ${canonical(this.machine, this.now, labelOf)}`;
  }

  facts(): Facts {
    const { machine, disk, now } = this;
    const alarmIn = Math.max(0, Math.min(machine.nextTimeoutAt(), disk.alarmAt) - now);
    return {
      alarmIn,
      isFlushing: disk.flushing !== null,
      isStoring: false,
      unsynced: disk.unsynced,
      nextLink: 0,
      boundLinks: [],
      isCalm: this.isCalm,
      position: machine.core.phase,
      applied: 0,
      complaint: this.complaint,
    };
  }

  /** Serving with all members, and nothing left to do. */
  private get isCalm(): boolean {
    const { core, membership, peers } = this.machine;
    const { transactions } = this.internals;
    return (
      core.phase === 'serving' &&
      !membership.isChanging &&
      membership.size === this.addresses.length &&
      peers.all.every((peer) => peer.isReady && !peers.isSuspected(peer)) &&
      transactions.undecided.length + transactions.awaited.length === 0 &&
      transactions.aborts.all.length === 0 &&
      !transactions.isHeld &&
      this.machine.pendingRequests === 0 &&
      this.disk.unsynced === 0
    );
  }

  private get complaint(): string {
    if (this.exitReason !== '') return `the coordinator exits: ${this.exitReason}`;
    const { phase, condition } = this.machine.core;
    if (phase === 'halted' || phase === 'stopped')
      return `the coordinator is ${phase}: ${condition}`;
    const isWithoutLog = this.internals.takeover.inquiry.isWithoutLog;
    return isWithoutLog && !this.isFirst ? 'the coordinator takes its own log for outrun' : '';
  }

  save(kept: number): SavedDisk {
    return this.disk.save(kept);
  }
}
