/**
 * What a table held at one moment, told shard by shard, while the table is written on.
 * Invariant: every shard is told as it was when the snapshot began.
 */
import { assert } from '../base/assert.js';
import type { Pair } from './kept.js';
import type { FrozenShard, Shard } from './shard.js';

export interface TableSummary {
  readonly keys: number;
  /** Accounted bytes, as `Table.bytes`. */
  readonly bytes: number;
  readonly digest: string;
}

export class TableSnapshot implements TableSummary {
  private readonly frozen = new Map<number, FrozenShard | null>();
  private position = 0;
  private closed = false;
  readonly keys: number;
  readonly bytes: number;
  readonly digest: string;

  /** A shard that was never written to is null. */
  constructor(
    private readonly live: readonly (Shard | null)[],
    private readonly onClose: () => void,
    summary: TableSummary,
  ) {
    this.keys = summary.keys;
    this.bytes = summary.bytes;
    this.digest = summary.digest;
  }

  /** The pairs of one more shard, possibly none; null when all were told. */
  next(): readonly Pair[] | null {
    assert(!this.closed, 'a closed snapshot tells nothing');
    if (this.position === this.live.length) return null;
    this.preserve(this.position);
    const frozen = this.frozen.get(this.position);
    this.frozen.delete(this.position);
    this.position += 1;
    const pairs = frozen?.pairs() ?? [];
    frozen?.release();
    return pairs;
  }

  close(): void {
    this.closed = true;
    for (const frozen of this.frozen.values()) frozen?.release();
    this.frozen.clear();
    this.onClose();
  }

  /** For the table: this shard is about to change. */
  preserve(index: number): void {
    if (index < this.position || this.frozen.has(index)) return;
    this.frozen.set(index, this.live[index]?.freeze() ?? null);
  }
}
