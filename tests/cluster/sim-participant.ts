/**
 * A participant process in virtual time: the machine that ships, a simulated log and simulated
 * links. Whatever can happen to a process, its memory and its folder is a method here.
 */
import { Prng } from '../../src/base/prng.js';
import type { ParticipantSettings } from '../../src/participant/core.js';
import { Participant } from '../../src/participant/machine.js';
import { keepWhenFull } from './keep-when-full.js';
import type { Checkpoint, InstallStep, ParticipantInput } from '../../src/participant/ready.js';
import { ParticipantRecovery } from '../../src/participant/recovery.js';
import type { ParticipantState } from '../../src/participant/state.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { SnapshotLoader } from '../../src/storage/snapshot.js';
import type { WalRecord } from '../../src/wal/record.js';
import { flipStoredByte } from '../helpers/rot.js';
import type { SimCluster } from './sim-cluster.js';
import { SimLog } from './sim-log.js';
import type { SimLink } from './sim-network.js';

const HISTORY_BYTES = 20_000;

/** A copy of a participant's folder. */
export interface SavedDisk {
  readonly log: SimLog;
  readonly identity: SimParticipant['identity'];
}

export class SimParticipant {
  log = new SimLog();
  machine: Participant | null = null;
  isPaused = false;
  isDiskFull = false;
  /** A byte in memory is not what was written; the folder is still right. */
  isFlipped = false;
  identity: { storeId: string; clusterId: string; generation: number; overridden: boolean };
  readonly name: string;
  private life = 0;
  private linkIds = 0;
  private readonly links = new Map<number, SimLink>();
  private donorLink: SimLink | null = null;
  private isSyncing = false;
  private lsnBase = 0;
  private installFrames: Buffer[] = [];
  private held: (() => void)[] = [];
  private alarmAt = Infinity;
  private readonly prng: Prng;
  private stores = 0;

  constructor(
    private readonly cluster: SimCluster,
    public address: string,
    seed: number,
    private readonly settings: ParticipantSettings,
  ) {
    this.name = address.split(':')[0] ?? address;
    this.prng = new Prng(seed);
    this.identity = { storeId: this.newStoreId(), clusterId: '', generation: 0, overridden: false };
  }

  private newStoreId(): string {
    this.stores += 1;
    return `${this.address}-s${this.stores}`;
  }

  start(): void {
    if (this.machine !== null) return;
    this.life += 1;
    this.isSyncing = false;
    this.isPaused = false;
    this.isFlipped = false;
    const state = this.recover();
    state.overridden = this.identity.overridden;
    this.lsnBase = this.log.records.length;
    this.machine = new Participant({
      state,
      settings: this.settings,
      ...this.identity,
      prng: new Prng(this.prng.next()),
      trace: this.cluster.traceOf(this),
      now: this.cluster.schedule.now,
    });
    this.pump();
  }

  private recover(): ParticipantState {
    const recovery = new ParticipantRecovery(HISTORY_BYTES);
    const { log } = this;
    if (log.snapshot !== null) {
      const loader = new SnapshotLoader();
      for (const frame of log.snapshot) loader.feed(frame);
      loader.finish();
      recovery.snapshot(loader.header, loader.table);
    }
    for (const record of log.records) recovery.feed(record);
    recovery.hintEpoch(log.epoch);
    recovery.hintView(log.view);
    const state = recovery.finish(log.isTorn);
    if (log.isTorn) {
      log.append([{ kind: 'tail', txid: state.tailFrom }]);
      log.syncTo(log.records.length);
      log.isTorn = false;
    }
    return state;
  }

  /**
   * kill -9 and a power cut in one: unsynced records may be lost. `isSilent`: the machine is gone
   * too, so that nobody is told of closed connections.
   */
  crash(isSilent = false): void {
    if (this.machine === null) return;
    this.machine = null;
    this.life += 1;
    this.held = [];
    this.log.crash(this.prng);
    for (const link of this.links.values()) {
      if (isSilent) link.die();
      else link.close('far', 'the process died');
    }
    this.links.clear();
    if (isSilent) this.donorLink?.die();
    else this.donorLink?.close('near', 'the process died');
    this.donorLink = null;
    this.alarmAt = Infinity;
  }

  wipe(): void {
    this.crash();
    this.log = new SimLog();
    this.identity = { storeId: this.newStoreId(), clusterId: '', generation: 0, overridden: false };
  }

  /** What a backup of the folder would hold now. */
  saveDisk(): SavedDisk {
    return { log: this.log.copy(), identity: { ...this.identity } };
  }

  /** The folder becomes what it was once. */
  restoreDisk(saved: SavedDisk): void {
    this.crash();
    this.log = saved.log.copy();
    this.identity = { ...saved.identity };
  }

  /** The last records of the log turn out to be unreadable, although they had been synced. */
  tearLog(records: number): void {
    this.crash();
    this.log.tear(records);
  }

  /** One bit of a stored value changes by itself. False if there is no such key. */
  flipBit(key: string): boolean {
    if (this.machine === null) return false;
    this.isFlipped = flipStoredByte(this.machine.state.table, key);
    return this.isFlipped;
  }

  /** The same folder is served at another address from now on. */
  move(address: string): void {
    this.address = address;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const action of this.held.splice(0)) action();
    this.pump();
  }

  /** A peer dials us: null when nobody listens. */
  accept(): { id: number; attach: (link: SimLink) => void } | null {
    if (this.machine === null) return null;
    this.linkIds += 1;
    const id = this.linkIds;
    return {
      id,
      attach: (link) => {
        this.links.set(id, link);
        this.input({ type: 'linkOpened', link: id });
      },
    };
  }

  onRequest(id: number, message: Request): void {
    this.input({ type: 'request', link: id, message });
  }

  onLinkClosed(id: number): void {
    this.links.delete(id);
    this.input({ type: 'linkClosed', link: id });
  }

  checkpoint(): void {
    if (this.machine === null || this.isPaused) return;
    this.machine.beginCheckpoint(this.cluster.schedule.now);
    this.pump();
  }

  private input(input: ParticipantInput): void {
    this.whenRunning(this.life, () => {
      this.machine?.step(input, this.cluster.schedule.now);
      this.pump();
    });
  }

  /** Now, or when the paused process goes on; never in another life. */
  private whenRunning(life: number, action: () => void): void {
    const run = (): void => {
      if (this.life === life && this.machine !== null) action();
    };
    if (this.isPaused) this.held.push(run);
    else run();
  }

  private pump(): void {
    const { machine, cluster } = this;
    if (machine === null || this.isPaused) return;
    for (;;) {
      const ready = machine.takeReady();
      if (ready === null) break;
      if (ready.adopt !== null) this.identity = { ...this.identity, ...ready.adopt };
      if (!this.persist(ready.persist)) return;
      for (const step of ready.install) this.install(step);
      for (const { link, message } of ready.send) {
        if (cluster.effect(this, 'send', message)) return;
        this.links.get(link)?.send('back', message);
      }
      for (const link of ready.close) {
        const closing = this.links.get(link);
        this.links.delete(link);
        closing?.close('far', 'refused', true);
        this.input({ type: 'linkClosed', link });
      }
      if (ready.closeDonor) {
        this.donorLink?.close('near', 'done');
        this.donorLink = null;
      }
      if (ready.dialDonor !== null) this.dialDonor(ready.dialDonor.address);
      for (const message of ready.sendDonor) {
        if (cluster.effect(this, 'send', message)) return;
        this.donorLink?.send('there', message);
      }
      if (ready.checkpoint !== null) this.write(ready.checkpoint);
      this.sync(ready.urgent);
    }
    const at = machine.nextTimeoutAt();
    if (at === null || at >= this.alarmAt) return;
    this.alarmAt = at;
    const { life } = this;
    cluster.schedule.at(at, () => {
      if (this.life !== life || this.alarmAt !== at) return;
      this.alarmAt = Infinity;
      this.input({ type: 'tick' });
    });
  }

  /** Appends; false if the process died on the way, with some of it appended. */
  private persist(records: readonly WalRecord[]): boolean {
    for (const record of records) {
      this.log.append([record]);
      if (this.cluster.effect(this, 'append', record)) return false;
    }
    return true;
  }

  private sync(isUrgent: boolean): void {
    if (this.isSyncing) return;
    const target = this.log.records.length;
    const { life, log } = this;
    const { schedule } = this.cluster;
    if (target === log.durable && !isUrgent) return;
    this.isSyncing = true;
    const goal = target - this.lsnBase;
    const delay = (isUrgent ? 0 : 5) + this.cluster.syncDelay(this.name);
    schedule.after(delay, () => {
      this.whenRunning(life, () => {
        if (this.log !== log) return;
        this.isSyncing = false;
        this.finishSync(goal);
      });
    });
  }

  private finishSync(lsn: number): void {
    const { log } = this;
    if (this.isDiskFull && this.dropPromises()) {
      this.input({ type: 'diskFull', from: log.durable + 1 - this.lsnBase });
      this.sync(true);
      return;
    }
    log.syncTo(lsn + this.lsnBase);
    if (this.cluster.effect(this, 'synced')) return;
    this.input({ type: 'synced', lsn });
    if (log.records.length > log.durable) this.sync(true);
  }

  /** Drops what a full disk does not take; false if there was nothing to drop. */
  private dropPromises(): boolean {
    const { log } = this;
    const unsynced = log.records.slice(log.durable);
    const kept = keepWhenFull(unsynced);
    if (kept.length === unsynced.length) return false;
    // Dropped records keep their place as a record without effect, so that numbering stays simple.
    const filled = unsynced.map((record) => (kept.includes(record) ? record : NOTHING));
    log.records = [...log.records.slice(0, log.durable), ...filled];
    return true;
  }

  private install(step: InstallStep): void {
    if (this.cluster.effect(this, `install ${step.step}`)) return;
    const { life } = this;
    const later = (action: () => void): void => {
      this.cluster.schedule.after(this.cluster.syncDelay(this.name), () => {
        if (this.life === life) action();
      });
    };
    switch (step.step) {
      case 'begin':
        this.installFrames = [];
        return;
      case 'frames':
        this.installFrames.push(...step.frames);
        later(() => {
          this.input({ type: 'framesStored', install: step.install });
        });
        return;
      case 'discard':
        this.installFrames = [];
        return;
      case 'finish': {
        const frames = [...this.installFrames];
        const before = this.log.records.length;
        later(() => {
          const newer = this.log.records.slice(before);
          this.lsnBase += step.preamble.length - before;
          const durable = Math.max(0, this.log.durable - before);
          this.log.replace(frames, [...step.preamble, ...newer]);
          this.log.durable = step.preamble.length + durable;
          this.isFlipped = false;
          if (this.cluster.effect(this, 'installed')) return;
          this.input({ type: 'installed', install: step.install });
        });
      }
    }
  }

  private write(checkpoint: Checkpoint): void {
    const { life } = this;
    const at = this.log.records.length;
    const frames: Buffer[] = [];
    const slice = (): void => {
      if (this.life !== life) return;
      const next = checkpoint.frames.next();
      if (next.done !== true) {
        frames.push(next.value);
        this.cluster.schedule.after(0.3, slice);
        return;
      }
      const newer = this.log.records.slice(at);
      const durable = this.log.durable - at;
      if (durable < 0) {
        this.cluster.schedule.after(1, slice);
        return;
      }
      this.lsnBase += checkpoint.preamble.length - at;
      this.log.replace(frames, [...checkpoint.preamble, ...newer]);
      this.log.durable = checkpoint.preamble.length + durable;
      this.input({ type: 'checkpointDone' });
    };
    this.cluster.schedule.after(0.3, slice);
  }

  private dialDonor(address: string): void {
    const { life } = this;
    const events = {
      opened: (link: SimLink): void => {
        if (this.life !== life) return;
        this.donorLink = link;
        this.input({ type: 'donorOpened' });
      },
      reply: (link: SimLink, message: Reply): void => {
        if (this.life === life && this.donorLink === link) {
          this.input({ type: 'donorReply', message });
        }
      },
      closed: (link: SimLink | null, reason: string): void => {
        if (this.life !== life || (link !== null && this.donorLink !== link)) return;
        this.donorLink = null;
        this.input({ type: 'donorClosed', reason });
      },
    };
    this.cluster.dial(this.address, address, events);
  }
}

const NOTHING: WalRecord = { kind: 'sound', txid: 0 };
