/**
 * A log that forgets on a crash what was not synced: records with a durable prefix, optionally
 * behind a snapshot; and the highest epoch and view, which a folder also keeps apart from the log.
 * Stands in for `wal/` where only the machines are under test.
 */
import type { Epoch, View } from '../../src/base/ids.js';
import type { Prng } from '../../src/base/prng.js';
import type { WalRecord } from '../../src/wal/record.js';

export class SimLog {
  records: WalRecord[] = [];
  durable = 0;
  snapshot: readonly Buffer[] | null = null;
  epoch: Epoch | null = null;
  view: View | null = null;
  /** Something was cut from the end: the next start must say so. */
  isTorn = false;

  append(records: readonly WalRecord[]): void {
    this.records.push(...records);
  }

  syncTo(count: number): void {
    for (let i = this.durable; i < count; i += 1) this.note(this.records[i]);
    this.durable = Math.max(this.durable, count);
  }

  /** Power is cut: some of what was not synced may have reached the disk all the same, in order. */
  crash(prng: Prng): void {
    const unsynced = this.records.length - this.durable;
    const kept = prng.chance(0.5) ? prng.below(unsynced + 1) : 0;
    this.records = this.records.slice(0, this.durable + kept);
    this.syncTo(this.records.length);
  }

  /** Everything before is replaced by a snapshot and these records, all synced. */
  replace(snapshot: readonly Buffer[] | null, records: readonly WalRecord[]): void {
    this.snapshot = snapshot;
    this.records = [...records];
    this.durable = 0;
    this.syncTo(this.records.length);
  }

  /** The last records rot, although they were synced: a start takes them for a torn tail. */
  tear(count: number): void {
    this.records = this.records.slice(0, Math.max(0, this.records.length - count));
    this.durable = this.records.length;
    this.isTorn = true;
  }

  /** What a copy of the folder holds. */
  copy(): SimLog {
    const copy = new SimLog();
    copy.records = this.records.slice(0, this.durable);
    copy.durable = this.durable;
    copy.snapshot = this.snapshot;
    copy.epoch = this.epoch;
    copy.view = this.view;
    copy.isTorn = this.isTorn;
    return copy;
  }

  private note(record: WalRecord | undefined): void {
    if (record?.kind === 'epoch') this.epoch = record.epoch;
    if (record?.kind === 'view') this.view = record.view;
    if (record?.kind === 'state') {
      this.epoch = record.epochs.at(-1) ?? this.epoch;
      this.view = record.view ?? this.view;
    }
  }
}
