/**
 * A participant as an automaton: the machine that ships, drained after every single input, over a
 * model of its log and of the received snapshot that it writes.
 */
import { Participant } from '../../src/participant/machine.js';
import type {
  InstallStep,
  ParticipantInput,
  ParticipantReady,
} from '../../src/participant/ready.js';
import { ParticipantRecovery } from '../../src/participant/recovery.js';
import { SILENT_TRACE } from '../../src/ports/trace.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { SnapshotLoader } from '../../src/storage/snapshot.js';
import { canonical } from './canonical.js';
import {
  type Effect,
  type Facts,
  type LocalInput,
  type LocalProcess,
  type Sabotage,
  type Step,
  internMessage,
  keyOf,
  labelActions,
  NamingPrng,
} from './local-process.js';
import { ModelDisk, type SavedDisk, textOf } from './model-disk.js';

const HISTORY_BYTES = 100_000;
const NEVER_MS = 1e12;

/** Requests whose keys are told apart in `Facts.applied`. */
const MOST_REQUESTS = 4;

type OnConnection = Extract<LocalInput, { readonly at: string }>;

interface Internals {
  readonly catchUps: { readonly attempt: { readonly link: number } | null };
  readonly donor: { readonly session: { readonly link: number } | null };
}

/** A step of an install that the disk has not done yet. */
interface Storing {
  readonly step: InstallStep;
  /** Records in front of the new segment. */
  readonly before: number;
}

export function recoverParticipant(saved: SavedDisk): ParticipantRecovery {
  const recovery = new ParticipantRecovery(HISTORY_BYTES);
  if (saved.snapshot !== null) {
    const loader = new SnapshotLoader();
    for (const frame of saved.snapshot) loader.feed(frame);
    loader.finish();
    recovery.snapshot(loader.header, loader.table);
  }
  for (const record of saved.records) recovery.feed(record);
  return recovery;
}

export class ParticipantProcess implements LocalProcess {
  private readonly machine: Participant;
  private readonly disk: ModelDisk;
  private now = 0;
  private links = 0;
  private storing: Storing[] = [];
  private frames: Buffer[] = [];
  private readonly labels = new WeakMap<() => void, string>();
  /** The input that is being handled, and the attempt to catch up in front of it. */
  private context = '';
  private effects: Effect[] = [];
  private unsynced: number[] = [];
  private applied: string[] = [];

  constructor(saved: SavedDisk, address: string, sabotage: Sabotage) {
    this.disk = new ModelDisk(saved, saved.lives + 1);
    this.machine = new Participant({
      state: recoverParticipant(saved).finish(false),
      settings: {
        coordinatorAddress: 'c:1',
        clusterSecret: '',
        maxMemoryBytes: 1e9,
        donorTimeoutMs: 1000,
        scrubIntervalMs: NEVER_MS,
      },
      storeId: `${address}-store`,
      clusterId: saved.clusterId,
      generation: 0,
      prng: new NamingPrng(address),
      trace: SILENT_TRACE,
      now: 0,
    });
    const isOpen = sabotage.openGate === 'participant';
    const { gate } = this.machine.core;
    if (isOpen) Object.defineProperty(gate, 'synced', { get: () => gate.appended });
    labelActions(gate, isOpen, this.labels, () => this.context);
  }

  input(input: LocalInput): Step {
    this.effects = [];
    this.unsynced = [];
    this.applied = [];
    if (input.kind === 'tick') this.now += input.ms;
    this.context = `${keyOf(input)} ${this.attemptText()}`;
    const translated = this.translate(input);
    if (translated !== null) this.machine.step(translated, this.now);
    this.drain();
    this.disk.beginFlushIfDue(this.now);
    return { effects: this.effects, unsynced: this.unsynced, applied: this.applied };
  }

  private get internals(): Internals {
    return this.machine as unknown as Internals;
  }

  private get boundLinks(): number[] {
    const { catchUps, donor } = this.internals;
    return [catchUps.attempt, donor.session].flatMap((each) => (each === null ? [] : [each.link]));
  }

  private attemptText(): string {
    const { attempt } = this.internals.catchUps;
    return attempt === null ? '' : canonical({ ...attempt }, this.now, () => '');
  }

  private translate(input: LocalInput): ParticipantInput | null {
    switch (input.kind) {
      case 'synced':
        return { type: 'synced', lsn: this.disk.finishFlush() };
      case 'tick':
        return { type: 'tick' };
      case 'stored':
        return this.finishStoring();
      case 'client':
        return null;
      default:
        return input.at === 'donor' ? this.ofDonor(input) : this.ofLink(input);
    }
  }

  private ofDonor(input: OnConnection): ParticipantInput {
    if (input.kind === 'opened') return { type: 'donorOpened' };
    if (input.kind === 'closed') return { type: 'donorClosed', reason: 'closed' };
    return { type: 'donorReply', message: input.message as Reply };
  }

  private ofLink(input: OnConnection): ParticipantInput {
    const link = Number(input.at);
    if (input.kind === 'closed') return { type: 'linkClosed', link };
    if (input.kind === 'message') {
      return { type: 'request', link, message: input.message as Request };
    }
    this.links = link;
    return { type: 'linkOpened', link };
  }

  private drain(): void {
    for (;;) {
      const ready = this.machine.takeReady();
      if (ready === null) return;
      this.carryOut(ready);
    }
  }

  private carryOut(ready: ParticipantReady): void {
    const { disk, machine } = this;
    for (const record of ready.persist) {
      if (record.kind !== 'commit' && record.kind !== 'abort') continue;
      this.applied.push(`${record.epoch}:${record.txid}=${record.kind}`);
    }
    disk.append(ready.persist, this.now);
    for (const step of ready.install) this.storing.push({ step, before: disk.records.length });
    if (ready.adopt !== null) disk.clusterId = ready.adopt.clusterId;
    for (const { link, message } of ready.send) {
      this.effect({ kind: 'send', at: String(link), message: internMessage(message) });
    }
    for (const link of ready.close) {
      this.effect({ kind: 'close', at: String(link) });
      machine.step({ type: 'linkClosed', link }, this.now);
    }
    if (ready.closeDonor) this.effect({ kind: 'close', at: 'donor' });
    if (ready.dialDonor !== null) {
      this.effect({ kind: 'dial', at: 'donor', address: ready.dialDonor.address });
    }
    for (const message of ready.sendDonor) {
      this.effect({ kind: 'send', at: 'donor', message: internMessage(message) });
    }
    if (ready.urgent) disk.hurry();
  }

  private effect(effect: Effect): void {
    this.effects.push(effect);
    this.unsynced.push(this.disk.unsynced);
  }

  /** The disk has done the oldest step of an install. */
  private finishStoring(): ParticipantInput | null {
    const [next] = this.storing;
    this.storing = this.storing.slice(1);
    if (next === undefined) return null;
    const { step, before } = next;
    switch (step.step) {
      case 'begin':
      case 'discard':
        this.frames = [];
        return null;
      case 'frames':
        this.frames.push(...step.frames);
        return { type: 'framesStored', install: step.install };
      case 'finish':
        this.disk.replace(this.frames, step.preamble, before);
        return { type: 'installed', install: step.install };
    }
  }

  canonical(): string {
    const labelOf = (action: () => void): string => this.labels.get(action) ?? '?';
    const { disk, machine, now } = this;
    const storing = this.storing.map(({ step, before }) => `${before}${JSON.stringify(step)}`);
    const frames = this.frames.map(textOf).join('');
    const shell = `${this.links} ${storing.join('')} ${frames}`;
    return `${shell} ${disk.canonical(now)} ${canonical(machine, now, labelOf)}`;
  }

  facts(): Facts {
    const { machine, disk, now, storing } = this;
    const { state } = machine;
    const timeout = Math.min(machine.nextTimeoutAt() ?? Infinity, disk.alarmAt) - now;
    let applied = 0;
    for (let request = 0; request < MOST_REQUESTS; request += 1) {
      if (state.table.has(`k${request}`)) applied |= 1 << request;
    }
    return {
      alarmIn: timeout > NEVER_MS / 2 ? Infinity : Math.max(0, timeout),
      isFlushing: disk.flushing !== null,
      isStoring: storing.length > 0,
      unsynced: disk.unsynced,
      nextLink: this.links + 1,
      boundLinks: this.boundLinks,
      isCalm: state.inDoubt.length === 0 && disk.unsynced === 0 && storing.length === 0,
      position: `${state.resolved.txid} ${state.resolved.chain} ${state.table.digest()}`,
      applied,
      complaint: state.fit ? '' : 'a participant finds itself damaged',
    };
  }

  save(kept: number): SavedDisk {
    return this.disk.save(kept);
  }
}
