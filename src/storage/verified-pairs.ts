/**
 * A table's snapshot, read pair by pair for a copy that will replace the log as the only witness:
 * every pair is added up anew, and the end is told only if the sum is the running digest. Memory
 * that changed by itself is found before the copy takes the place of what would have shown it.
 * Knows nothing of files.
 */
import { crc32 } from '../base/hash.js';
import { Tally } from './digest.js';
import type { Pair } from './kept.js';
import type { TableSnapshot } from './table-snapshot.js';

/** What is stored is not what was written. */
export class TableDamagedError extends Error {
  override readonly name = 'TableDamagedError';
  readonly code = 'table-damaged';
}

export class VerifiedPairs {
  private readonly told = new Tally();
  private damaged = false;

  constructor(private readonly snapshot: TableSnapshot) {}

  get isDamaged(): boolean {
    return this.damaged;
  }

  /** As the snapshot's; throws in place of its end. */
  next(): readonly Pair[] | null {
    const pairs = this.snapshot.next();
    if (pairs !== null) {
      for (const [key, value] of pairs) {
        this.told.count(1, crc32(key), key.length, crc32(value), value.length);
      }
      return pairs;
    }
    const { keys, digest } = this.snapshot;
    this.damaged = this.told.size !== keys || this.told.digest() !== digest;
    if (this.damaged) throw new TableDamagedError('a stored value changed by itself');
    return null;
  }
}
