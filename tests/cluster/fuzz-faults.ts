/**
 * What may go wrong in a fuzzed cluster. Each fault undoes itself after a while, and none takes
 * away the last good copy: what destroys a folder happens only while every participant holds
 * everything, so that a right answer still exists and its absence is a violation.
 */
import type { Prng } from '../../src/base/prng.js';
import type { SimCluster } from './sim-cluster.js';
import type { SavedFolder, SimCoordinator } from './sim-coordinator.js';
import type { SavedDisk, SimParticipant } from './sim-participant.js';

/** Written once and never read by clients: what a bit flip damages. */
export const COLD_KEYS = ['cold0', 'cold1', 'cold2'] as const;

export class Faults {
  private readonly savedDisks = new Map<SimParticipant, SavedDisk>();
  private savedFolder: SavedFolder | null = null;
  /** A coordinator that somebody started beside the first one. */
  second: SimCoordinator | null = null;

  constructor(
    private readonly cluster: SimCluster,
    private readonly prng: Prng,
  ) {}

  get names(): readonly FaultName[] {
    return FAULT_NAMES;
  }

  /** Says what it did. */
  cause(name: FaultName): string {
    return this[name]();
  }

  crashParticipant(): string {
    const participant = this.pick();
    const isSilent = this.prng.chance(0.2);
    participant.crash(isSilent);
    this.startLater(participant, 3000);
    return `${isSilent ? 'silent ' : ''}crash ${participant.name}`;
  }

  restartParticipant(): string {
    const participant = this.pick();
    participant.crash();
    this.startLater(participant, 20);
    return `restart ${participant.name}`;
  }

  crashCoordinator(): string {
    this.cluster.coordinator.crash(this.prng.chance(0.2));
    this.startLater(this.cluster.coordinator, 1500);
    return 'crash c';
  }

  /** Dies in the middle of something, wherever chance has it. */
  crashAtEffect(): string {
    const { cluster } = this;
    const process = this.prng.chance(0.5) ? cluster.coordinator : this.pick();
    cluster.crashAt({ process: process.name, effect: '', nth: 1 + this.prng.below(40) });
    this.startLater(process, 1000, 500);
    return `crash ${process.name} in the middle`;
  }

  crashAll(): string {
    const { cluster } = this;
    cluster.coordinator.crash();
    for (const participant of cluster.participants) participant.crash();
    this.startLater(cluster.coordinator, 1500);
    for (const participant of cluster.participants) this.startLater(participant, 2500);
    return 'crash all';
  }

  pauseParticipant(): string {
    const participant = this.pick();
    participant.pause();
    this.cluster.schedule.after(this.prng.below(3000), () => {
      participant.resume();
    });
    return `pause ${participant.name}`;
  }

  pauseCoordinator(): string {
    const { coordinator } = this.cluster;
    coordinator.pause();
    this.cluster.schedule.after(this.prng.below(5000), () => {
      coordinator.resume();
    });
    return 'pause c';
  }

  cutLink(): string {
    const { cuts, schedule } = this.cluster;
    const { name } = this.pick();
    const [from, to] = this.prng.chance(0.5) ? ['c', name] : [name, 'c'];
    cuts.set(from, to, true);
    if (this.prng.chance(0.5)) cuts.set(to, from, true);
    schedule.after(this.prng.below(4000), () => {
      cuts.set(from, to, false);
      cuts.set(to, from, false);
    });
    return `cut ${from}>${to}`;
  }

  cutPeers(): string {
    const { cuts, schedule } = this.cluster;
    const [from, to] = [this.pick().name, this.pick().name];
    cuts.set(from, to, true);
    schedule.after(this.prng.below(3000), () => {
      cuts.set(from, to, false);
    });
    return `cut ${from}>${to}`;
  }

  /** Late messages: those of one type wait, and all behind them. */
  holdLink(): string {
    const { name } = this.pick();
    const [from, to, type] = this.prng.chance(0.5)
      ? ['c', name, ['prepare', 'outcome', 'fence', 'view'][this.prng.below(4)]]
      : [name, 'c', ['vote', 'done', 'fenced', 'viewed'][this.prng.below(4)]];
    this.cluster.hold(from, to, type ?? 'vote');
    this.cluster.schedule.after(this.prng.below(2500), () => {
      this.cluster.release(from, to);
    });
    return `hold ${from}>${to} ${type ?? ''}`;
  }

  wipeParticipant(): string {
    const participant = this.spare();
    if (participant === null) return 'nothing';
    participant.wipe();
    this.startLater(participant, 2000);
    return `wipe ${participant.name}`;
  }

  /** One after the other, each as soon as the one before is filled. */
  wipeInTurn(): string {
    if (this.spare() === null) return 'nothing';
    const next = [...this.cluster.participants];
    const step = (): void => {
      if (next.length === 0) return;
      if (this.isSafe) {
        const participant = next.pop();
        participant?.wipe();
        participant?.start();
      }
      this.cluster.schedule.after(400, step);
    };
    step();
    return 'wipe all in turn';
  }

  /** A folder that is older than what its owner has acknowledged since. */
  restoreOldDisk(): string {
    const participant = this.pick();
    const saved = this.savedDisks.get(participant);
    if (saved === undefined) {
      for (const each of this.cluster.participants) this.savedDisks.set(each, each.saveDisk());
      return 'back up all';
    }
    if (!this.isSafe || this.cluster.participants.length < 2) return 'nothing';
    this.savedDisks.clear();
    participant.restoreDisk(saved);
    this.startLater(participant, 1000);
    return `restore an old folder of ${participant.name}`;
  }

  tearLog(): string {
    const participant = this.spare();
    if (participant === null) return 'nothing';
    participant.tearLog(1 + this.prng.below(8));
    this.startLater(participant, 1000);
    return `tear the log of ${participant.name}`;
  }

  flipBit(): string {
    const participant = this.spare();
    const key = COLD_KEYS[this.prng.below(COLD_KEYS.length)] ?? COLD_KEYS[0];
    if (participant?.flipBit(key) !== true) return 'nothing';
    return `flip a bit of ${participant.name}`;
  }

  wipeCoordinator(): string {
    if (!this.isSafe) return 'nothing';
    this.cluster.coordinator.wipe();
    this.startLater(this.cluster.coordinator, 1500);
    return 'wipe c';
  }

  /**
   * An old copy of the coordinator's folder; a copy is recognised unless the disk itself went back.
   */
  restoreOldFolder(): string {
    const { cluster, savedFolder } = this;
    const { coordinator } = cluster;
    if (savedFolder === null) {
      this.savedFolder = coordinator.saveFolder();
      return 'back up c';
    }
    if (!this.isSafe) return 'nothing';
    this.savedFolder = null;
    coordinator.restoreFolder(savedFolder);
    const isCopied = this.prng.chance(0.5);
    coordinator.start(isCopied);
    // An unrecognised one is found out by what the participants know: all of them must be heard.
    if (!isCopied) cluster.run(300);
    return `restore an old folder of c (${isCopied ? '' : 'not '}recognised)`;
  }

  /** By mistake, with an empty folder or with a copy of the first one's. */
  startSecond(): string {
    if (this.second !== null) {
      this.second.crash();
      this.second = null;
      return 'stop the second coordinator';
    }
    const { coordinator, participants } = this.cluster;
    const addresses = participants.map((participant) => participant.address);
    const second = this.cluster.makeCoordinator('d', addresses);
    const isCopy = this.prng.chance(0.5);
    if (isCopy) second.restoreFolder(coordinator.saveFolder());
    second.start(isCopy);
    this.second = second;
    return `start a second coordinator ${isCopy ? 'on a copy' : 'without a log'}`;
  }

  fillDisk(): string {
    const participant = this.pick();
    participant.isDiskFull = true;
    this.cluster.schedule.after(this.prng.below(2000), () => {
      participant.isDiskFull = false;
    });
    return `fill ${participant.name}`;
  }

  checkpoint(): string {
    const { participants } = this.cluster;
    // A snapshot of damaged memory would damage the folder too.
    if (participants.every(({ isFlipped }) => !isFlipped)) this.pick().checkpoint();
    this.cluster.coordinator.checkpoint();
    return 'checkpoint';
  }

  /** Every participant is a member, holds all that was decided, is sound and able to take more. */
  get isSafe(): boolean {
    const { cluster } = this;
    const decided = cluster.coordinator.machine?.core.toldTxid ?? Infinity;
    return (
      cluster.isWhole &&
      (this.second?.machine ?? null) === null &&
      cluster.participants.every(
        ({ machine, isFlipped, isDiskFull, isPaused }) =>
          machine !== null &&
          !(isFlipped || isDiskFull || isPaused) &&
          machine.state.lastPrepared >= decided,
      )
    );
  }

  private pick(): SimParticipant {
    const { participants } = this.cluster;
    const found = participants[this.prng.below(participants.length)];
    if (found === undefined) throw new Error('a cluster has participants');
    return found;
  }

  /** One whose folder may be lost; null if that could lose everything. */
  private spare(): SimParticipant | null {
    return this.cluster.participants.length > 1 && this.isSafe ? this.pick() : null;
  }

  private startLater(
    process: SimParticipant | SimCoordinator,
    maxDelayMs: number,
    minDelayMs = 0,
  ): void {
    this.cluster.schedule.after(minDelayMs + this.prng.below(maxDelayMs), () => {
      process.start();
    });
  }
}

const FAULT_NAMES = [
  'crashParticipant',
  'restartParticipant',
  'crashCoordinator',
  'crashAtEffect',
  'crashAll',
  'pauseParticipant',
  'pauseCoordinator',
  'cutLink',
  'cutPeers',
  'holdLink',
  'wipeParticipant',
  'wipeInTurn',
  'restoreOldDisk',
  'tearLog',
  'flipBit',
  'wipeCoordinator',
  'restoreOldFolder',
  'startSecond',
  'fillDisk',
  'checkpoint',
] as const;

export type FaultName = (typeof FAULT_NAMES)[number];
