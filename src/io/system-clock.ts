/**
 * The Clock port over the process's monotonic clock and one timer. An alarm that is moved to a
 * later time keeps its timer and is set again when that fires: shells move their alarm after every
 * step, and mostly to a later time.
 */
import type { Millis } from '../base/ids.js';
import type { Clock } from '../ports/clock.js';

/** Timers of Node hold 31 bits. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export class SystemClock implements Clock {
  private timer: NodeJS.Timeout | null = null;
  private timerAt: Millis = Infinity;
  private alarmAt: Millis | null = null;
  private callback: () => void = () => undefined;

  now(): Millis {
    return performance.now();
  }

  setAlarm(at: Millis | null, callback: () => void): void {
    this.alarmAt = at;
    this.callback = callback;
    if (at === null) this.disarm();
    else if (at < this.timerAt) this.arm(at);
  }

  private arm(at: Millis): void {
    this.disarm();
    const delay = Math.min(Math.max(0, Math.ceil(at - this.now())), LONGEST_DELAY_MS);
    this.timerAt = at;
    this.timer = setTimeout(() => {
      this.fire();
    }, delay);
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.timerAt = Infinity;
  }

  private fire(): void {
    this.disarm();
    const at = this.alarmAt;
    if (at === null) return;
    if (this.now() < at) {
      this.arm(at);
      return;
    }
    this.callback();
  }
}
