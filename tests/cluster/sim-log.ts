/**
 * A log that forgets on a crash what was not synced: records with a durable prefix, optionally
 * behind a snapshot. Stands in for `wal/` where only the machines are under test.
 */
import type { Prng } from '../../src/base/prng.js';
import type { WalRecord } from '../../src/wal/record.js';

export class SimLog {
  records: WalRecord[] = [];
  durable = 0;
  snapshot: readonly Buffer[] | null = null;

  append(records: readonly WalRecord[]): void {
    this.records.push(...records);
  }

  syncTo(count: number): void {
    this.durable = Math.max(this.durable, count);
  }

  /** Power is cut: some of what was not synced may have reached the disk all the same, in order. */
  crash(prng: Prng): void {
    const unsynced = this.records.length - this.durable;
    const kept = prng.chance(0.5) ? prng.below(unsynced + 1) : 0;
    this.records = this.records.slice(0, this.durable + kept);
    this.durable = this.records.length;
  }

  /** Everything before is replaced by a snapshot and these records, all synced. */
  replace(snapshot: readonly Buffer[] | null, records: readonly WalRecord[]): void {
    this.snapshot = snapshot;
    this.records = [...records];
    this.durable = this.records.length;
  }
}
