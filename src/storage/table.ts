/**
 * The keys and values of one replica: a sharded hash table with a running digest.
 *
 * Knows nothing of transactions, logs or clients. Keys are latin1 text, values are buffers that
 * nobody changes once they are here. Everything is deterministic: the same calls in the same order
 * give the same iteration order, digest and snapshots on every machine.
 * Invariants: size, bytes and digest are the sums of those of the shards; a snapshot shows every
 * shard as it was when the snapshot began, whatever is written meanwhile.
 */
import { assert } from '../base/assert.js';
import type { Bytes } from '../base/bytes.js';
import type { WordSource } from '../base/word-source.js';
import { Tally } from './digest.js';
import { IMAGE_BYTES, KeyImage } from './key-image.js';
import { Pages } from './pages.js';
import { KEPT_BYTES, Shard, ownCopy } from './shard.js';
import { TableSnapshot } from './table-snapshot.js';
import { Upkeep } from './upkeep.js';

const SHARD_BITS = 10;

/**
 * A shard is the unit of growing, compacting, scrubbing and sending: with a million keys one has a
 * thousand pairs, a fraction of a millisecond of work.
 */
export const SHARDS = 2 ** SHARD_BITS;

export const MAX_SNAPSHOTS = 2;

/** Where in a buffer a key and its value are. */
export interface PairAt {
  readonly keyAt: number;
  readonly keyLength: number;
  readonly valueAt: number;
  readonly length: number;
}

export class Table {
  private readonly shards: (Shard | null)[] = Array.from({ length: SHARDS }, () => null);
  /** Looked through at every write. */
  private snapshots: readonly TableSnapshot[] = [];
  private readonly memory = new Pages();
  private readonly upkeep = new Upkeep();
  private readonly tally = new Tally();
  /** Of the key that is worked on. */
  private readonly image = new KeyImage();
  private nextToScrub = 0;

  get size(): number {
    return this.tally.size;
  }

  /** Memory that the pairs are taken to need. */
  get bytes(): number {
    return this.tally.bytes;
  }

  /** A small value is a copy as text, a large one is the very buffer that is kept. */
  get(key: string): Bytes | undefined {
    return this.shardFor(key)?.get(key, this.image);
  }

  has(key: string): boolean {
    return this.shardFor(key)?.has(key, this.image) === true;
  }

  /**
   * Keeps a value of KEPT_BYTES or more as it is; it must not be a part of anything larger. Who
   * knows its checksum spares the table to read a huge one.
   */
  set(key: string, value: Buffer, valueCrc?: number): void {
    this.image.readText(key);
    this.shardForWriting().set(key, this.image, value, valueCrc);
  }

  /** Sets a pair of which key and value are parts of something larger. */
  load(source: WordSource, pair: PairAt): void {
    const { keyAt, keyLength, valueAt, length } = pair;
    if (keyLength <= IMAGE_BYTES && length < KEPT_BYTES) {
      this.image.readBytes(source, keyAt, keyLength);
      if (this.shardForWriting().load(this.image, source, valueAt, length)) return;
    }
    const { bytes } = source;
    const key = bytes.toString('latin1', keyAt, keyAt + keyLength);
    this.set(key, ownCopy(bytes.subarray(valueAt, valueAt + length)));
  }

  /** Whether the key was there. */
  delete(key: string): boolean {
    this.image.readText(key);
    return this.shardForWriting().delete(key, this.image);
  }

  /** Sixteen hexadecimal digits that are equal for equal contents, however they came about. */
  digest(): string {
    return this.tally.digest();
  }

  /**
   * Computes one shard's digest anew from the bytes that it holds, in turn. `rotten` means that a
   * stored byte is not what was written. Rids a sound one of the garbage that it was left with.
   */
  scrubNextShard(): 'sound' | 'rotten' {
    const shard = this.shards[this.nextToScrub];
    this.nextToScrub = (this.nextToScrub + 1) % SHARDS;
    if (shard?.isSound() === false) return 'rotten';
    shard?.tidy();
    return 'sound';
  }

  /** All pairs as of now. The caller must `close` it; until then writes freeze shards for it. */
  beginSnapshot(): TableSnapshot {
    assert(this.snapshots.length < MAX_SNAPSHOTS, 'few snapshots are open at a time');
    const end = (): void => {
      this.snapshots = this.snapshots.filter((each) => each !== snapshot);
    };
    const summary = { keys: this.size, bytes: this.bytes, digest: this.digest() };
    const snapshot = new TableSnapshot(this.shards, end, summary);
    this.snapshots = [...this.snapshots, snapshot];
    return snapshot;
  }

  private shardFor(key: string): Shard | null | undefined {
    this.image.readText(key);
    return this.shards[this.image.shard(SHARD_BITS)];
  }

  /** Of the key whose image was read. */
  private shardForWriting(): Shard {
    const index = this.image.shard(SHARD_BITS);
    for (const snapshot of this.snapshots) snapshot.preserve(index);
    return (this.shards[index] ??= new Shard(this.memory, this.tally, this.upkeep));
  }
}
