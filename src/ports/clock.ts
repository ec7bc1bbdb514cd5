import type { Millis } from '../base/ids.js';

/** Monotonic time and one alarm. Wall-clock time is for people only and never decides anything. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): Millis;
  /** Calls `callback` once, not before `at`; a later call replaces an earlier one; null disarms. */
  setAlarm(at: Millis | null, callback: () => void): void;
}
