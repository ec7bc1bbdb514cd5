/**
 * A participant process in virtual time: the machine that ships, a simulated log and simulated
 * links. Crash, restart, pause, wipe and a full disk are methods.
 */
import { Prng } from '../../src/base/prng.js';
import type { ParticipantSettings } from '../../src/participant/core.js';
import { Participant } from '../../src/participant/machine.js';
import { keepWhenFull } from '../../src/participant/full-disk.js';
import type { Checkpoint, InstallStep, ParticipantInput } from '../../src/participant/ready.js';
import { ParticipantRecovery } from '../../src/participant/recovery.js';
import { SILENT_TRACE } from '../../src/ports/trace.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { SnapshotLoader } from '../../src/storage/snapshot.js';
import type { WalRecord } from '../../src/wal/record.js';
import type { SimCluster } from './sim-cluster.js';
import { SimLog } from './sim-log.js';
import type { SimLink } from './sim-network.js';

const HISTORY_BYTES = 20_000;

export class SimParticipant {
  log = new SimLog();
  machine: Participant | null = null;
  isPaused = false;
  isDiskFull = false;
  identity: { storeId: string; clusterId: string; generation: number };
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
    readonly address: string,
    seed: number,
    private readonly settings: ParticipantSettings,
  ) {
    this.prng = new Prng(seed);
    this.identity = { storeId: this.newStoreId(), clusterId: '', generation: 0 };
  }

  private newStoreId(): string {
    this.stores += 1;
    return `${this.address}-s${this.stores}`;
  }

  start(): void {
    if (this.machine !== null) return;
    this.life += 1;
    const recovery = new ParticipantRecovery(HISTORY_BYTES);
    if (this.log.snapshot !== null) {
      const loader = new SnapshotLoader();
      for (const frame of this.log.snapshot) loader.feed(frame);
      loader.finish();
      recovery.snapshot(loader.header, loader.table);
    }
    for (const record of this.log.records) recovery.feed(record);
    this.lsnBase = this.log.records.length;
    this.isSyncing = false;
    this.isPaused = false;
    this.machine = new Participant({
      state: recovery.finish(false),
      settings: this.settings,
      ...this.identity,
      prng: new Prng(this.prng.next()),
      trace: SILENT_TRACE,
      now: this.cluster.schedule.now,
    });
    this.pump();
  }

  /** kill -9 and a power cut in one: unsynced records may be lost. */
  crash(): void {
    if (this.machine === null) return;
    this.machine = null;
    this.life += 1;
    this.held = [];
    this.log.crash(this.prng);
    for (const link of this.links.values()) link.close('the process died');
    this.links.clear();
    this.donorLink?.close('the process died');
    this.donorLink = null;
    this.alarmAt = Infinity;
  }

  wipe(): void {
    this.crash();
    this.log = new SimLog();
    this.identity = { storeId: this.newStoreId(), clusterId: '', generation: 0 };
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
      this.log.append(ready.persist);
      for (const step of ready.install) this.install(step);
      for (const { link, message } of ready.send) this.links.get(link)?.send('back', message);
      for (const link of ready.close) {
        const closing = this.links.get(link);
        this.links.delete(link);
        closing?.close('refused');
        this.input({ type: 'linkClosed', link });
      }
      if (ready.closeDonor) {
        this.donorLink?.close('done');
        this.donorLink = null;
      }
      if (ready.dialDonor !== null) this.dialDonor(ready.dialDonor.address);
      for (const message of ready.sendDonor) this.donorLink?.send('there', message);
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

  private sync(isUrgent: boolean): void {
    if (this.isSyncing) return;
    const target = this.log.records.length;
    const { life, log } = this;
    const { schedule } = this.cluster;
    if (target === log.durable && !isUrgent) return;
    this.isSyncing = true;
    const goal = target - this.lsnBase;
    const delay = (isUrgent ? 0 : 5) + this.cluster.syncDelay();
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
      this.input({ type: 'diskFull' });
      this.sync(true);
      return;
    }
    log.syncTo(lsn + this.lsnBase);
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
    const { life } = this;
    const later = (action: () => void): void => {
      this.cluster.schedule.after(this.cluster.syncDelay(), () => {
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
