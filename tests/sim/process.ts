/**
 * A process of a simulated cluster: it lives, is paused, and dies. Whatever happens to it goes
 * through `gate`, which keeps events of former lives away and those of a paused one back.
 */
import type { Clock } from '../../src/ports/clock.js';
import { SILENT_TRACE, type Trace, type TraceFields } from '../../src/ports/trace.js';
import type { Marks } from './marks.js';
import { SimDisk } from './sim-disk.js';
import type { Wire } from './wire.js';
import type { World } from './world.js';

/** What all processes of a cluster share. */
export interface Surroundings {
  readonly world: World;
  readonly wire: Wire;
  readonly marks: Marks;
  /** Sentences about what must not be. */
  readonly violations: string[];
}

/** How much of what was not synced outlives a crash. */
export type CrashKind = 'killed' | 'powerCut';

export function namesOf(processes: readonly SimProcess[]): string {
  return processes.map(({ name }) => name).join(' ') || 'none';
}

export abstract class SimProcess {
  disk: SimDisk;
  isRunning = false;
  isPaused = false;
  /** Why it ended or refused to start by itself; '' if it did not. */
  endedFor = '';
  /** Effects until it dies; null if it is not to die of itself. */
  private effectsLeft: number | null = null;
  private crashKind: CrashKind = 'killed';
  private held: (() => void)[] = [];
  private lifeNumber = 0;
  /** Of the monotonic clock, against virtual time. */
  private clockOffset = 0;
  private readonly clockRate: number;

  abstract readonly role: 'coordinator' | 'participant';

  constructor(
    protected readonly around: Surroundings,
    readonly name: string,
  ) {
    this.clockRate = 0.99 + around.world.prng.below(20) / 1000;
    this.disk = new SimDisk(this, around.world, around.marks);
  }

  get life(): number {
    return this.lifeNumber;
  }

  /** Never rejects: what goes wrong is in `endedFor`. */
  start(): void {
    if (this.isRunning) return;
    this.lifeNumber += 1;
    this.isRunning = true;
    this.endedFor = '';
    this.around.wire.network.resetLost(this.name);
    const life = this.lifeNumber;
    this.boot(life).catch((error: unknown) => {
      if (life !== this.lifeNumber) return;
      this.ended(error instanceof Error ? error.message : String(error));
    });
  }

  /** Opens the folder, replays it, runs the shell. Goes nowhere once the process is dead. */
  protected abstract boot(life: number): Promise<void>;
  /** Its connections to clients are gone, its shell is let go. */
  protected abstract dropShell(): void;

  crash(kind: CrashKind): void {
    if (!this.isRunning) {
      // The power can be cut behind a program that has ended.
      this.disk.crash(kind);
      return;
    }
    this.around.marks.hit('a role crashed');
    this.around.marks.hit(`crash: ${this.role} ${kind === 'killed' ? 'killed' : 'lost power'}`);
    this.die(kind);
    this.disk.crash(kind);
  }

  /** The program ended of itself: what it wrote is in the hands of the system. */
  protected ended(reason: string): void {
    this.endedFor = reason;
    this.around.world.trace?.(this.name, `ENDED ${reason}`);
    this.die('killed');
    this.disk.crash('killed');
  }

  private die(kind: CrashKind): void {
    this.lifeNumber += 1;
    this.isRunning = false;
    this.isPaused = false;
    this.held = [];
    this.effectsLeft = null;
    this.around.wire.crash(this.name, kind);
    this.dropShell();
  }

  /** It dies at the n-th effect from now on. */
  crashAtEffect(nth: number, kind: CrashKind): void {
    this.effectsLeft = nth;
    this.crashKind = kind;
  }

  /** Called before every effect; false if the process is dead and must not have it. */
  effect(life: number): boolean {
    if (life !== this.lifeNumber || !this.isRunning) return false;
    if (this.effectsLeft === null) return true;
    this.effectsLeft -= 1;
    if (this.effectsLeft > 0) return true;
    this.around.marks.hit('struck: died at an effect');
    this.around.world.trace?.(this.name, 'DIES at an effect');
    this.crash(this.crashKind);
    return false;
  }

  pause(): void {
    if (this.isRunning) this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const action of this.held.splice(0)) action();
  }

  /** Runs the action if this life still lasts, now or when the pause is over. */
  gate(life: number, action: () => void): void {
    if (life !== this.lifeNumber) return;
    if (!this.isPaused) action();
    else
      this.held.push(() => {
        if (life === this.lifeNumber) action();
      });
  }

  /** Wall clocks decide nothing; this is the monotonic one, which may only jump forward. */
  jumpClock(ms: number): void {
    this.clockOffset += ms;
  }

  protected clock(life: number): Clock {
    const { world } = this.around;
    const now = (): number => this.clockOffset + world.now * this.clockRate;
    let alarm: { at: number; callback: () => void } | null = null;
    let armedAt = Infinity;
    const arm = (at: number): void => {
      if (at >= armedAt || at === Infinity) return;
      armedAt = at;
      world.after(Math.max(0, (at - now()) / this.clockRate) + 0.001, ring);
    };
    const ring = (): void => {
      this.gate(life, () => {
        armedAt = Infinity;
        if (alarm === null) return;
        const { at, callback } = alarm;
        if (at > now()) {
          arm(at);
          return;
        }
        alarm = null;
        callback();
      });
    };
    return {
      now,
      setAlarm: (at, callback) => {
        alarm = at === null ? null : { at, callback };
        if (at !== null) arm(at);
      },
    };
  }

  /** The end of the present turn of the event loop. */
  protected deferrer(life: number): (callback: () => void) => void {
    return (callback) => {
      this.around.world.after(0, () => {
        this.gate(life, callback);
      });
    };
  }

  /** Of what the program says of itself, what more there is to count. */
  protected onSaid(_text: string, _fields: TraceFields): void {}

  protected trace(): Trace {
    const { world, marks } = this.around;
    return {
      ...SILENT_TRACE,
      event: (level, text, fields) => {
        marks.said(text);
        this.onSaid(text, fields ?? {});
        world.trace?.(this.name, `${level} ${text} ${JSON.stringify(fields ?? {})}`);
      },
    };
  }
}
