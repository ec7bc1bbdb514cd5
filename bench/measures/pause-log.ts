/**
 * How late an event loop was, and who is to blame for it.
 *
 * A timer is due every millisecond. One that fires `d` ms late stands for all events that would
 * have come meanwhile: they would have waited d, d - 1, d - 2, ... ms, and all of these are counted
 * (no coordinated omission). The program's own part of a delay is what is left of it without the
 * collections in it, or without the time in which its thread could run and others had the
 * processors, whichever was longer: both may be the same time, so this rather tells too much.
 */
import { Latencies } from '../load/latencies.js';

/** Of a shorter delay it does not matter who is to blame. */
const NOTED_MS = 2;

/** On the clock of `performance.now()`. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export interface Firing extends Interval {
  /** How long of it, or shortly before, the thread waited for a processor. */
  readonly queuedMs: number;
}

export interface Delays {
  readonly p999Ms: number;
  readonly maxMs: number;
}

export interface PauseReport {
  readonly all: Delays;
  readonly own: Delays;
  /** Others had the processors in some of it. */
  readonly uncollected: Delays;
  /** When the longest of its own began. */
  readonly longestOwnAt: number;
  readonly longestCollectionMs: number;
  readonly collectingMs: number;
}

export class PauseLog {
  private readonly short = new Latencies();
  private noted: Firing[] = [];
  private collections: Interval[] = [];

  /** A timer that was due at `from` has fired. */
  fired(firing: Firing): void {
    const ms = firing.to - firing.from;
    if (ms > NOTED_MS) this.noted.push(firing);
    else this.short.record(ms);
  }

  collected(collection: Interval): void {
    this.collections.push(collection);
  }

  /** Of everything since the last report. */
  report(): PauseReport {
    const { noted, collections } = this;
    const durations = collections.map(({ from, to }) => to - from);
    const overlaps = overlapsOf(noted, collections);
    const uncollected = noted.map(({ from, to }, index) => to - from - (overlaps[index] ?? 0));
    const own = noted.map(({ from, to, queuedMs }, index) => {
      return to - from - Math.max(queuedMs, overlaps[index] ?? 0);
    });
    const longestOwn = own.reduce((most, each) => Math.max(most, each), 0);
    const report = {
      all: this.delays(noted.map(({ from, to }) => to - from)),
      own: this.delays(own),
      uncollected: this.delays(uncollected),
      longestOwnAt: noted[own.indexOf(longestOwn)]?.from ?? 0,
      longestCollectionMs: durations.reduce((most, each) => Math.max(most, each), 0),
      collectingMs: durations.reduce((sum, each) => sum + each, 0),
    };
    this.short.clear();
    this.noted = [];
    this.collections = [];
    return report;
  }

  private delays(noted: readonly number[]): Delays {
    const all = this.short.copy();
    for (const ms of noted) {
      for (let waited = ms; waited > 0; waited -= 1) all.record(waited);
    }
    return { p999Ms: all.percentileMs(99.9), maxMs: all.maxMs };
  }
}

/** How much of each delay collections took; both in the order of time. */
function overlapsOf(delays: readonly Interval[], collections: readonly Interval[]): number[] {
  let next = 0;
  return delays.map((delay) => {
    while ((collections[next]?.to ?? Infinity) <= delay.from) next += 1;
    let sum = 0;
    for (let index = next; index < collections.length; index += 1) {
      const { from, to } = collections[index] ?? delay;
      if (from >= delay.to) break;
      sum += Math.min(to, delay.to) - Math.max(from, delay.from);
    }
    return sum;
  });
}
