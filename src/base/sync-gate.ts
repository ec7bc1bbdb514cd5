/**
 * Holds back what must not happen before the log has reached the disk.
 *
 * A machine numbers its records 1, 2, 3, … as it hands them out, and is told "synced up to n". Work
 * that promises what a record says is queued here and runs, in the order of queueing, only then.
 * Knows nothing of files. Invariant: an action queued behind record n never runs while
 * `synced < n`, and never before an action that was queued earlier.
 */
import { assert } from './assert.js';

/** Running number of a record within one life of a process; 0 is "before all". */
export type Lsn = number;

export class SyncGate {
  private appendedLsn: Lsn = 0;
  private syncedLsn: Lsn = 0;
  private readonly waiting: { readonly lsn: Lsn; readonly action: () => void }[] = [];

  /** Number of the newest record that was handed out. */
  get appended(): Lsn {
    return this.appendedLsn;
  }

  get synced(): Lsn {
    return this.syncedLsn;
  }

  /** Numbers one more record. */
  append(): Lsn {
    this.appendedLsn += 1;
    return this.appendedLsn;
  }

  /** Runs `action` once everything appended so far is synced: at once if it is already. */
  whenSynced(action: () => void): void {
    if (this.waiting.length === 0 && this.syncedLsn === this.appendedLsn) {
      action();
      return;
    }
    this.waiting.push({ lsn: this.appendedLsn, action });
  }

  get isIdle(): boolean {
    return this.waiting.length === 0;
  }

  release(lsn: Lsn): void {
    assert(lsn >= this.syncedLsn, 'the log never becomes less durable');
    assert(lsn <= this.appendedLsn, 'nothing is synced that was not appended');
    this.syncedLsn = lsn;
    // One by one: what an action queues goes behind those that were queued before it ran.
    for (;;) {
      const [next] = this.waiting;
      if (next === undefined || next.lsn > this.syncedLsn) return;
      this.waiting.shift();
      next.action();
    }
  }
}
