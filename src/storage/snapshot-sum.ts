/**
 * The sum over what a snapshot tells, for a copy that will replace the log as the only witness:
 * every pair is added up anew in the step that copies it, a large value slice by slice, and the end
 * is told only if the sum is the running digest. Memory that changed by itself is found before the
 * copy takes the place of what would have shown it. Knows nothing of files.
 */
import { crc32 } from '../base/hash.js';
import { Tally } from './digest.js';
import type { Entries } from './entries.js';
import { KeyImage } from './key-image.js';
import type { TableSummary } from './table-snapshot.js';

/** What is stored is not what was written. */
export class TableDamagedError extends Error {
  override readonly name = 'TableDamagedError';
  readonly code = 'table-damaged';
}

export class SnapshotSum {
  private readonly told = new Tally();
  private readonly image = new KeyImage();
  private damaged = false;

  get isDamaged(): boolean {
    return this.damaged;
  }

  addEntry(entries: Entries, place: number): void {
    const { image } = this;
    entries.readKey(place, image);
    const valueCrc = entries.valueCrc(place);
    this.told.count(1, image.crc, image.length, valueCrc, entries.valueLength(place));
  }

  /** A pair that is no entry. */
  addPair(key: string, valueCrc: number, valueLength: number): void {
    this.told.count(1, crc32(key), key.length, valueCrc, valueLength);
  }

  /** Throws if what was told is not what was written. */
  compare({ keys, digest }: TableSummary): void {
    this.damaged = this.told.size !== keys || this.told.digest() !== digest;
    if (this.damaged) throw new TableDamagedError('a stored value changed by itself');
  }
}
