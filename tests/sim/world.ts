/**
 * Virtual time for code that ships, promises and all: one queue of events, and after an event
 * every promise that it settled runs to its next wait, so that the same seed gives the same run.
 *
 * Knows nothing of clusters. Invariant: nothing of a run happens outside of `run`.
 */
import { Prng } from '../../src/base/prng.js';
import { Schedule } from '../cluster/schedule.js';

/** More events than any seed needs: something goes round in circles. */
const MAX_EVENTS = 3_000_000;

/** Promises that settle without a disk or a pause go on within so many events. */
const ALWAYS_EVERY = 8;

/** Resolves when no promise of this thread can go on by itself. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

export class World {
  readonly schedule = new Schedule();
  readonly prng: Prng;
  events = 0;
  /** One line an event, if somebody wants to read them. */
  trace: ((who: string, what: string) => void) | null = null;
  /** Something was begun or ended that somebody may await. */
  isStirred = false;
  /** Looks at the world when an event is over. */
  afterEvent: () => void = () => undefined;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  get now(): number {
    return this.schedule.now;
  }

  after(delayMs: number, action: () => void): void {
    this.schedule.after(delayMs, action);
  }

  async run(ms: number): Promise<void> {
    const { schedule } = this;
    const end = schedule.now + ms;
    for (let action = schedule.takeNext(end); action !== null; action = schedule.takeNext(end)) {
      this.events += 1;
      if (this.events > MAX_EVENTS) throw new Error(`more than ${MAX_EVENTS} events`);
      action();
      if (this.isStirred || this.events % ALWAYS_EVERY === 0) {
        this.isStirred = false;
        await settled();
      }
      this.afterEvent();
    }
    schedule.now = end;
  }

  /** False if it did not come true within the bound. */
  async until(isTrue: () => boolean, boundMs: number, stepMs = 20): Promise<boolean> {
    const end = this.now + boundMs;
    while (!isTrue()) {
      if (this.now >= end) return false;
      await this.run(stepMs);
    }
    return true;
  }

  /** Between `min` and `max`, most of them near `min`. */
  delay(min: number, max: number): number {
    const lot = this.prng.next() / 2 ** 32;
    return min + (max - min) * lot * lot;
  }
}
