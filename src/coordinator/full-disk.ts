/**
 * Whether a write may be begun although every member has refused those before for want of room.
 *
 * What is refused costs room as well: each member logs its ABORT, in the reserve. So after some of
 * them one write now and then finds out whether there is room again, and the others are refused,
 * but for what is much smaller than all that was refused: there may be room for it.
 */
import type { Millis } from '../base/ids.js';

const FREE_REFUSALS = 8;
/** Each refusal of a smaller one makes it smaller still: there are few. */
const MUCH_SMALLER = 2;
const FIRST_PAUSE_MS: Millis = 50;
/** An ABORT takes 32 bytes: at this pace a reserve of 1 MiB lasts for a day and more. */
const LONGEST_PAUSE_MS: Millis = 5000;

export class FullDisk {
  private refusals = 0;
  private tryAt: Millis = -Infinity;
  private commits = 0;
  private smallest = Infinity;

  /** Every member has refused one of so many bytes; `commits`: transactions so far. */
  refused(now: Millis, commits: number, bytes: number): void {
    this.smallest = Math.min(bytes, commits === this.commits ? this.smallest : Infinity);
    this.refusals = this.refusedSince(commits) + 1;
    this.commits = commits;
    this.tryAt = now + this.pauseMs;
  }

  /** True for one write in each pause, and for each that is much smaller than what was refused. */
  mayTry(now: Millis, commits: number, bytes: number): boolean {
    if (this.refusedSince(commits) <= FREE_REFUSALS) return true;
    if (bytes <= this.smallest / MUCH_SMALLER) return true;
    if (now < this.tryAt) return false;
    this.tryAt = now + this.pauseMs;
    return true;
  }

  /** What was committed since has found room. */
  private refusedSince(commits: number): number {
    return commits === this.commits ? this.refusals : 0;
  }

  private get pauseMs(): Millis {
    const doublings = Math.max(0, this.refusals - FREE_REFUSALS - 1);
    return Math.min(FIRST_PAUSE_MS * 2 ** doublings, LONGEST_PAUSE_MS);
  }
}
