/**
 * What may go wrong in a simulated cluster. Each fault undoes itself after a while, and none takes
 * away the last good copy: what destroys a folder happens only while every participant holds
 * everything, so that a right answer exists and its absence is a violation. The exception is a
 * single participant (`only-copy-faults.ts`): there a refusal is the right answer.
 */
import { Prng } from '../../src/base/prng.js';
import type { Cluster } from './cluster.js';
import type { CoordinatorProcess } from './coordinator-process.js';
import { damageFaults } from './damage-faults.js';
import { diskFaults } from './disk-faults.js';
import { momentFaults } from './moment-faults.js';
import { type OnlyCopy, onlyCopyFaults } from './only-copy-faults.js';
import {
  type CRASH_FAULTS,
  type FAULT_NAMES,
  type FaultName,
  type FaultsOf,
  type NETWORK_FAULTS,
  NOT_NOW,
  type PROCESS_FAULTS,
} from './fault-names.js';
import type { ParticipantProcess } from './participant-process.js';
import type { CrashKind, SimProcess } from './process.js';
import type { SimDisk } from './sim-disk.js';
import { overrideFaults } from './override-faults.js';
import { uploadFaults } from './upload-faults.js';

/** A process is down for so long at most. */
const MAX_DOWN_MS = 2500;
const MAX_CUT_MS = 4000;

interface Watch {
  readonly isTrue: () => boolean;
  readonly until: number;
  readonly action: () => void;
}

export class Faults {
  /** Operators are done with their mistakes: nothing new is begun. */
  isOver = false;
  /** Folders that were damaged on purpose may be refused. */
  readonly damaged = new Set<SimProcess>();
  /** Their folders were lost or replaced by old ones, and they are not members again yet. */
  readonly replaced = new Set<SimProcess>();
  /** Of folders that must not be lost: what a person brings back if damage makes one useless. */
  readonly backups = new Map<SimProcess, ReadonlyMap<string, Buffer>>();
  /** They have not heard of an override by an operator yet. */
  readonly unaware = new Set<SimProcess>();
  /** Where there is one participant: its folder was damaged, and is not whole again yet. */
  onlyCopy: OnlyCopy | null = null;
  prng: Prng;
  private readonly table: FaultsOf<typeof FAULT_NAMES>;
  private watches: Watch[] = [];

  constructor(
    readonly cluster: Cluster,
    /** Told of what faults do later than they were caused. */
    private readonly onStruck: (line: string) => void = () => undefined,
  ) {
    this.prng = new Prng(1);
    this.table = {
      ...this.crashFaults(),
      ...this.networkFaults(),
      ...diskFaults(this),
      ...damageFaults(this),
      ...onlyCopyFaults(this),
      ...momentFaults(this),
      ...uploadFaults(this),
      ...overrideFaults(this),
    };
  }

  /** Says what it did, or that it did nothing. */
  cause(name: FaultName, seed: number): string {
    this.prng = new Prng(seed);
    return this.table[name]();
  }

  later(maxMs: number, action: () => void, minMs = 0): void {
    this.cluster.world.after(minMs + this.prng.below(maxMs), () => {
      if (!this.isOver) action();
    });
  }

  /** Acts once when this is true for the first time; never, if that takes longer. */
  when(isTrue: () => boolean, maxMs: number, action: () => void): void {
    this.watches.push({ isTrue, until: this.cluster.world.now + maxMs, action });
  }

  /** Called after every event. */
  look(): void {
    if (this.watches.length === 0) return;
    const { now } = this.cluster.world;
    if (this.isOver) this.watches = [];
    for (const watch of this.watches) {
      const isDue = now <= watch.until && watch.isTrue();
      if (!isDue && now <= watch.until) continue;
      this.watches = this.watches.filter((each) => each !== watch);
      if (isDue) watch.action();
    }
  }

  report(mark: string, text: string): void {
    this.cluster.marks.hit(mark);
    this.onStruck(`${mark}: ${text}`);
  }

  /** An empty coordinator, of an old list perhaps, could take a lost folder for all there is. */
  startLater(process: SimProcess, maxMs = MAX_DOWN_MS): void {
    this.later(maxMs, () => {
      const isSecond = process === this.cluster.second;
      if (!isSecond || (this.onlyCopy === null && this.isIntact)) process.start();
    });
  }

  /** It dies, and starts again within this time. */
  away(process: SimProcess, maxMs: number): void {
    process.crash(this.crashKind());
    this.startLater(process, maxMs);
  }

  participant(): ParticipantProcess {
    return this.oneOf(this.cluster.participants);
  }

  /** The coordinator that acts: of two, the one of the newer epoch. */
  leader(): CoordinatorProcess {
    const { coordinator, second } = this.cluster;
    const own = coordinator.machine?.core.epoch.number ?? 0;
    const isSecond = (second?.machine?.core.epoch.number ?? 0) > own;
    return isSecond && second !== null ? second : coordinator;
  }

  /** Some, and not all, where that can be. */
  someParticipants(): ParticipantProcess[] {
    const { participants } = this.cluster;
    const some = participants.filter(() => this.prng.chance(0.5));
    return some.length === 0 || some.length === participants.length ? [this.participant()] : some;
  }

  oneOf<T>(choices: readonly T[]): T {
    const found = choices[this.prng.below(choices.length)];
    if (found === undefined) throw new Error('there is something to choose from');
    return found;
  }

  anyProcess(): SimProcess {
    return this.prng.chance(0.4) ? this.cluster.coordinator : this.participant();
  }

  crashKind(): CrashKind {
    return this.prng.chance(0.5) ? 'killed' : 'powerCut';
  }

  /** Somebody may still follow what an operator has overridden. */
  get isOverriding(): boolean {
    return this.unaware.size > 0 || this.cluster.coordinator.forcedView !== '';
  }

  /** No folder but the coordinator's is missing, old or damaged, and no override is under way. */
  get isIntact(): boolean {
    return this.damaged.size === 0 && this.replaced.size === 0 && !this.isOverriding;
  }

  /** Cut for so long at most. */
  cut(from: string, to: string, maxMs: number, how: 'waits' | 'lost'): void {
    const { wire } = this.cluster;
    wire.cut(from, to, how);
    this.later(maxMs, () => {
      wire.heal(from, to);
    });
  }

  /** Its syncs take so long, for so long. */
  stall(disk: SimDisk, ms: number): void {
    disk.syncMs = ms;
    this.later(
      1,
      () => {
        disk.syncMs = this.cluster.options.syncMs;
      },
      ms,
    );
  }

  /** Every configured participant is a member, holds all that was decided, and is sound. */
  get isSafe(): boolean {
    const { cluster } = this;
    const { machine: coordinator, isPaused } = cluster.coordinator;
    const told = coordinator?.core.toldTxid ?? Infinity;
    return (
      cluster.isWhole &&
      !isPaused &&
      cluster.wire.isCalm &&
      coordinator?.core.gate.synced === coordinator?.core.gate.appended &&
      cluster.second?.isRunning !== true &&
      this.isIntact &&
      this.hasAnsweredLately &&
      cluster.configured().every((each) => {
        const resolved = each.machine?.state.resolved.txid ?? 0;
        return this.isCurrent(each) && each.disk.capacity === Infinity && resolved >= told;
      })
    );
  }

  /** Each ABORT that the coordinator has told is on their disks. */
  areAbortsSynced(participants: readonly ParticipantProcess[]): boolean {
    const { core } = this.cluster.coordinator.machine ?? {};
    if (core === undefined) return false;
    const synced = participants.map(({ machine }) => machine?.core.syncedTxid ?? 0);
    for (let txid = Math.min(...synced) + 1; txid <= core.toldTxid; txid += 1) {
      if (core.outcomes.get(txid)?.commit === false) return false;
    }
    return true;
  }

  /** Nobody is about to be left out for a silence that the coordinator has not noticed yet. */
  get hasAnsweredLately(): boolean {
    const { machine } = this.cluster.coordinator;
    if (machine === null) return false;
    const { now, settings } = machine.core;
    const halfMs = settings.failureTimeoutMs / 2;
    return machine.peers.all.every(({ silentAt }) => silentAt - now > halfMs);
  }

  /** Sound, bound to the coordinator that is here, and with all that anybody was told. */
  isCurrent({ machine, isFlipped }: ParticipantProcess): boolean {
    const { core } = this.cluster.coordinator.machine ?? {};
    if (core === undefined || machine === null || isFlipped) return false;
    const { fit, tailFrom, epoch, lastPrepared } = machine.state;
    const isBound = epoch.nonce === core.epoch.nonce;
    return fit && tailFrom === 0 && isBound && lastPrepared >= core.toldTxid;
  }

  /** One whose folder may be lost; null if that could lose everything. */
  spare(): ParticipantProcess | null {
    const configured = this.cluster.configured();
    const found = configured[this.prng.below(configured.length)];
    // One that refuses or owes may be left out at any moment: then another one is the last.
    const isAnyRefusing = configured.some(({ machine }) => machine?.core.refusedTxid !== 0);
    if (isAnyRefusing || this.cluster.coordinator.isOwedForLong) return null;
    return configured.length > 1 && this.isSafe ? (found ?? null) : null;
  }

  private crashAndRestart(process: SimProcess, kind: CrashKind): string {
    if (!process.isRunning) return NOT_NOW;
    process.crash(kind);
    this.startLater(process);
    return `${kind} ${process.name}`;
  }

  private crashAll(kind: CrashKind): void {
    const { coordinator, participants } = this.cluster;
    for (const process of [coordinator, ...participants]) process.crash(kind);
  }

  private crashFaults(): FaultsOf<typeof CRASH_FAULTS> & FaultsOf<typeof PROCESS_FAULTS> {
    const { coordinator, participants } = this.cluster;
    const pause = (name: FaultName, process: SimProcess, maxMs: number): string => {
      process.pause();
      if (process.isPaused) this.cluster.marks.hit(`struck: ${name}`);
      this.later(maxMs, () => {
        process.resume();
      });
      return `pause ${process.name}`;
    };
    return {
      crashParticipant: () => this.crashAndRestart(this.participant(), this.crashKind()),
      crashCoordinator: () => this.crashAndRestart(coordinator, this.crashKind()),
      crashAtEffect: () => {
        const process = this.anyProcess();
        process.crashAtEffect(1 + this.prng.below(60), this.crashKind());
        this.later(
          1500,
          () => {
            process.start();
          },
          500,
        );
        return `${process.name} dies at an effect`;
      },
      crashStarting: () => {
        const process = this.anyProcess();
        process.crash(this.crashKind());
        process.start();
        process.crashAtEffect(1 + this.prng.below(40), this.crashKind());
        this.later(
          1000,
          () => {
            process.start();
          },
          200,
        );
        return `${process.name} dies while it starts`;
      },
      crashAll: () => {
        const kind = this.crashKind();
        this.crashAll(kind);
        for (const process of [coordinator, ...participants]) this.startLater(process);
        return `${kind} all`;
      },
      killThenPowerCut: () => {
        const chosen = this.prng.chance(0.5) ? participants : [this.anyProcess()];
        for (const process of chosen) {
          process.crash('killed');
          process.start();
        }
        const cutAll = this.prng.chance(0.5);
        this.later(400, () => {
          for (const process of cutAll ? [coordinator, ...participants] : chosen) {
            process.crash('powerCut');
            this.startLater(process);
          }
        });
        return `kill ${chosen.map(({ name }) => name).join(' ')}, then cut the power`;
      },
      pauseParticipant: () => pause('pauseParticipant', this.participant(), 3000),
      pauseCoordinator: () => pause('pauseCoordinator', coordinator, 4000),
      jumpClock: () => {
        const process = this.anyProcess();
        process.jumpClock(this.prng.below(10_000));
        return `the clock of ${process.name} jumps`;
      },
    };
  }

  private networkFaults(): FaultsOf<typeof NETWORK_FAULTS> {
    const { wire, clients } = this.cluster;
    const cut = (from: string, to: string): void => {
      this.cut(from, to, MAX_CUT_MS, this.prng.chance(0.5) ? 'waits' : 'lost');
    };
    const path = (): [string, string] => {
      const [first, other] = [this.participant().name, this.participant().name];
      const second = this.prng.chance(0.8) ? this.cluster.coordinator.name : other;
      return this.prng.chance(0.5) ? [first, second] : [second, first];
    };
    const neighbours = (name: string): string[] =>
      [...wire.processes.keys()].filter((each) => each !== name);
    return {
      resetConnections: () => {
        const { name } = this.anyProcess();
        wire.reset(name);
        return `reset ${name}`;
      },
      cutPath: () => {
        const [from, to] = path();
        cut(from, to);
        return `cut ${from}>${to}`;
      },
      cutBoth: () => {
        const [from, to] = path();
        cut(from, to);
        cut(to, from);
        return `cut ${from}=${to}`;
      },
      isolate: () => {
        const { name } = this.anyProcess();
        for (const each of neighbours(name)) {
          cut(each, name);
          cut(name, each);
        }
        return `isolate ${name}`;
      },
      swizzle: () => {
        const { coordinator } = this.cluster;
        for (const each of neighbours(coordinator.name)) {
          this.later(1000, () => {
            this.cluster.marks.hit('struck: swizzle');
            cut(coordinator.name, each);
            cut(each, coordinator.name);
          });
        }
        return 'swizzle';
      },
      clogPath: () => {
        const [from, to] = path();
        wire.clog(from, to, 50 + this.prng.below(1500));
        this.later(3000, () => {
          wire.unclog(from, to);
        });
        return `clog ${from}>${to}`;
      },
      clientsLeave: () => {
        for (const client of clients) if (this.prng.chance(0.5)) client.abandon();
        return 'clients leave';
      },
    };
  }

  /** The second coordinator, made when it is first needed. A start reads its configuration. */
  secondCoordinator(
    participants: readonly string[] = this.cluster.coordinator.settings.participants,
  ): CoordinatorProcess {
    const { cluster } = this;
    const second = (cluster.second ??= cluster.makeCoordinator('d', participants));
    if (!second.isRunning) second.settings = { ...second.settings, participants };
    return second;
  }
}
