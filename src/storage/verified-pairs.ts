/**
 * A table's snapshot, read pair by pair for a copy that will replace the log as the only witness:
 * every pair is added up anew, and the end is told only if the sum is the running digest. Memory
 * that changed by itself is found before the copy takes the place of what would have shown it.
 * Knows nothing of files.
 */
import { crc32 } from '../base/hash.js';
import { type Lanes, addTo, formatLanes, lanesOf } from './digest.js';
import type { Pair, TableSnapshot } from './table.js';

/** What is stored is not what was written. */
export class TableDamagedError extends Error {
  override readonly name = 'TableDamagedError';
  readonly code = 'table-damaged';
}

export class VerifiedPairs {
  private readonly lanes: Lanes = [0, 0];
  private keys = 0;
  private damaged = false;

  constructor(private readonly snapshot: TableSnapshot) {}

  get isDamaged(): boolean {
    return this.damaged;
  }

  /** As the snapshot's; throws in place of its end. */
  next(): readonly Pair[] | null {
    const pairs = this.snapshot.next();
    if (pairs !== null) {
      for (const [key, value] of pairs) addTo(this.lanes, lanesOf(key, value, crc32(value)), 1);
      this.keys += pairs.length;
      return pairs;
    }
    const { keys, digest } = this.snapshot;
    this.damaged = this.keys !== keys || formatLanes(this.lanes) !== digest;
    if (this.damaged) throw new TableDamagedError('a stored value changed by itself');
    return null;
  }
}
