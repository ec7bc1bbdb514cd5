/**
 * Decides whether a participant is suspected of having failed, from its answers alone.
 *
 * Intuition: every answer to a heartbeat is a sign of life; silence for longer than the timeout is
 * suspicion. Only completed round trips count, so a link that works in one direction only is as
 * good as none. A closed connection is no verdict by itself: a participant that restarts within the
 * timeout was merely slow. But who was reached before and cannot be reached any more has most
 * likely died, so the last tenth of the timeout is then left for removing it: a write that waits
 * for a dead participant waits one timeout altogether.
 *
 * The awkward case is our own absence: a coordinator that was stopped, or whose event loop was
 * busy, has heard nobody and must not blame them. The caller therefore passes a clock that stands
 * still while we do not run (see `machine.ts`). Rejected: adaptive timeouts (phi accrual), because
 * a false suspicion costs little here (reads go elsewhere; the view shrinks only when a write needs
 * it) and a fixed bound can be promised to operators.
 *
 * Pure: no clock, no timers. Invariant: `now` never goes back.
 */
import { assert } from '../base/assert.js';
import type { Millis } from '../base/ids.js';

/** Of the timeout, when the connection is lost. */
const LOST_SHARE = 0.9;

export class FailureDetector {
  private lastAnswerAt: Millis;

  constructor(
    private readonly timeoutMs: Millis,
    now: Millis,
  ) {
    this.lastAnswerAt = now;
  }

  answered(now: Millis): void {
    assert(now >= this.lastAnswerAt, 'time never goes back');
    this.lastAnswerAt = now;
  }

  /** `isLost`: there was a connection to it, and there is none now. */
  suspectedAt(isLost: boolean): Millis {
    return this.lastAnswerAt + (isLost ? LOST_SHARE : 1) * this.timeoutMs;
  }
}
