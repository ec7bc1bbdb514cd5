/**
 * What a table held at one moment, told shard by shard, while the table is written on.
 * Invariant: every shard is told as it was when the snapshot began, for as long as it is looked at.
 */
import { assert } from '../base/assert.js';
import type { FrozenShard, Shard } from './shard.js';

export interface TableSummary {
  readonly keys: number;
  /** Accounted bytes, as `Table.bytes`. */
  readonly bytes: number;
  readonly digest: string;
}

export class TableSnapshot implements TableSummary {
  private readonly frozen = new Map<number, FrozenShard | null>();
  /** The one that was told last. */
  private told: FrozenShard | null = null;
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

  /** One more shard, which must not be used when the next one is asked for; null at the end. */
  next(): FrozenShard | null {
    assert(!this.closed, 'a closed snapshot tells nothing');
    this.told?.release();
    this.told = null;
    while (this.told === null && this.position < this.live.length) {
      this.preserve(this.position);
      this.told = this.frozen.get(this.position) ?? null;
      this.frozen.delete(this.position);
      this.position += 1;
    }
    return this.told;
  }

  close(): void {
    this.closed = true;
    this.told?.release();
    this.told = null;
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
