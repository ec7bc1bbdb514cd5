/**
 * A clock that stands still while the process does not run.
 *
 * A gap between two readings that is longer than any timer explains (the process was stopped, its
 * machine was suspended, its event loop was busy) is taken out, so that silence during our own
 * absence is nobody's fault. Pure. Invariant: never goes back.
 */
import type { Millis } from '../base/ids.js';

export class RunningClock {
  private readAt: Millis;
  private absentMs: Millis = 0;
  private running: Millis;

  constructor(
    now: Millis,
    /** The caller reads the clock at least this often while it runs. */
    private readonly longestGapMs: Millis,
  ) {
    this.readAt = now;
    this.running = now;
  }

  /** Running time, given the time of the outer clock. */
  read(now: Millis): Millis {
    const gap = now - this.readAt;
    this.readAt = now;
    if (gap > this.longestGapMs) this.absentMs += gap;
    this.running = Math.max(this.running, now - this.absentMs);
    return this.running;
  }

  /** When, on the outer clock, this running time will be reached. */
  outer(at: Millis): Millis {
    return at + this.absentMs;
  }
}
