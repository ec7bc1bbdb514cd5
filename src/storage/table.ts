/**
 * The keys and values of one replica: a sharded hash table with a running digest.
 *
 * Knows nothing of transactions, logs or clients. Keys are latin1 text, values are buffers that
 * nobody changes once they are here. Everything is deterministic: the same writes in the same order
 * give the same iteration order, digest and snapshots on every machine.
 * Invariants: a shard's lanes are the sum of the lanes of exactly its pairs; a snapshot shows every
 * shard as it was when the snapshot began, whatever is written meanwhile.
 */
import { assert } from '../base/assert.js';
import { crc32 } from '../base/hash.js';
import { type Lanes, addTo, lanesOf, formatLanes } from './digest.js';

/**
 * A shard is the unit of copying, scrubbing and sending: with a million keys one has a thousand
 * pairs, a fraction of a millisecond of work. It also keeps every Map far below V8's 2^24 entries.
 */
export const SHARDS = 1024;

/**
 * What a pair takes beside its bytes. Measured on Node 20 (64 bits): 70 bytes for a short value,
 * 280 for one with a buffer of its own; the rest is slack for the collector.
 */
export const ENTRY_OVERHEAD_BYTES = 200;

export const MAX_SNAPSHOTS = 2;

/** Characters hashed at each end of a key to choose its shard: a long key costs no more. */
const HASHED_ENDS = 16;

export type Pair = readonly [key: string, value: Buffer];

/**
 * Values below this are held as latin1 text, one byte a character: a buffer of its own costs 250
 * bytes beside its content, and one from Node's pool keeps 8 KiB in memory as long as any of its
 * neighbours lives, which multiplies the memory of a store whose keys are written again and again.
 */
export const TEXT_BYTES = 1024;

type Stored = string | Buffer;
type StoredPairs = ReadonlyMap<string, Stored>;

function store(value: Buffer): Stored {
  return value.length < TEXT_BYTES ? value.toString('latin1') : value;
}

function restore(stored: Stored): Buffer {
  return typeof stored === 'string' ? Buffer.from(stored, 'latin1') : stored;
}

class Shard {
  readonly pairs = new Map<string, Stored>();
  readonly lanes: Lanes = [0, 0];
}

/** FNV-1a over both ends of the key and its length. Only balance matters, not strength. */
function shardOf(key: string): number {
  const length = key.length;
  let hash = 0x811c9dc5 ^ length;
  const head = Math.min(length, HASHED_ENDS);
  for (let i = 0; i < head; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  for (let i = Math.max(head, length - HASHED_ENDS); i < length; i += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (SHARDS - 1);
}

export class Table {
  private readonly shards: readonly Shard[] = Array.from({ length: SHARDS }, () => new Shard());
  private readonly snapshots = new Set<TableSnapshot>();
  private readonly total: Lanes = [0, 0];
  private count = 0;
  private accounted = 0;
  private nextToScrub = 0;

  get size(): number {
    return this.count;
  }

  /** Memory that the pairs are taken to need: their bytes and a constant for each. */
  get bytes(): number {
    return this.accounted;
  }

  get(key: string): Buffer | undefined {
    const stored = this.shard(shardOf(key)).pairs.get(key);
    return stored === undefined ? undefined : restore(stored);
  }

  has(key: string): boolean {
    return this.shard(shardOf(key)).pairs.has(key);
  }

  /**
   * Keeps a value of TEXT_BYTES or more as it is; it must not be a part of anything larger. Who
   * knows its checksum spares the table to read a huge one.
   */
  set(key: string, value: Buffer, valueCrc?: number): void {
    const shard = this.shardForWriting(key);
    const old = shard.pairs.get(key);
    if (old !== undefined) this.account(shard, key, restore(old), -1);
    shard.pairs.set(key, store(value));
    this.account(shard, key, value, 1, valueCrc);
  }

  /** Whether the key was there. */
  delete(key: string): boolean {
    const shard = this.shardForWriting(key);
    const old = shard.pairs.get(key);
    if (old === undefined) return false;
    this.account(shard, key, restore(old), -1);
    shard.pairs.delete(key);
    return true;
  }

  /** Sixteen hexadecimal digits that are equal for equal contents, however they came about. */
  digest(): string {
    return formatLanes(this.total);
  }

  /**
   * Computes one shard's digest anew from the bytes that it holds, in turn. `rotten` means that a
   * stored byte is not what was written.
   */
  scrubNextShard(): 'sound' | 'rotten' {
    const shard = this.shard(this.nextToScrub);
    this.nextToScrub = (this.nextToScrub + 1) % SHARDS;
    const lanes: Lanes = [0, 0];
    for (const [key, stored] of shard.pairs) {
      const value = restore(stored);
      addTo(lanes, lanesOf(key, value, crc32(value)), 1);
    }
    return lanes[0] === shard.lanes[0] && lanes[1] === shard.lanes[1] ? 'sound' : 'rotten';
  }

  /** All pairs as of now. The caller must `close` it: until then writes may copy shards for it. */
  beginSnapshot(): TableSnapshot {
    assert(this.snapshots.size < MAX_SNAPSHOTS, 'few snapshots are open at a time');
    const snapshot = new TableSnapshot(
      (index) => this.shard(index).pairs,
      () => this.snapshots.delete(snapshot),
      { keys: this.count, bytes: this.accounted, digest: this.digest() },
    );
    this.snapshots.add(snapshot);
    return snapshot;
  }

  private shard(index: number): Shard {
    const shard = this.shards[index];
    assert(shard !== undefined, 'a shard number is below SHARDS');
    return shard;
  }

  private shardForWriting(key: string): Shard {
    const index = shardOf(key);
    const shard = this.shard(index);
    if (this.snapshots.size > 0) this.preserve(index, shard);
    return shard;
  }

  /** Snapshots that still need this shard share one copy of it. */
  private preserve(index: number, shard: Shard): void {
    let copy: StoredPairs | null = null;
    for (const snapshot of this.snapshots) {
      if (!snapshot.needs(index)) continue;
      copy ??= new Map(shard.pairs);
      snapshot.preserve(index, copy);
    }
  }

  private account(
    shard: Shard,
    key: string,
    value: Buffer,
    sign: 1 | -1,
    valueCrc = crc32(value),
  ): void {
    const lanes = lanesOf(key, value, valueCrc);
    addTo(shard.lanes, lanes, sign);
    addTo(this.total, lanes, sign);
    this.count += sign;
    this.accounted += sign * (key.length + value.length + ENTRY_OVERHEAD_BYTES);
  }
}

/** What the table held at one moment, told shard by shard. */
export class TableSnapshot {
  private readonly copies = new Map<number, StoredPairs>();
  private position = 0;
  private closed = false;
  readonly keys: number;
  /** Accounted bytes, as `Table.bytes`. */
  readonly bytes: number;
  readonly digest: string;

  constructor(
    private readonly live: (index: number) => StoredPairs,
    private readonly onClose: () => void,
    summary: { readonly keys: number; readonly bytes: number; readonly digest: string },
  ) {
    this.keys = summary.keys;
    this.bytes = summary.bytes;
    this.digest = summary.digest;
  }

  /** The pairs of one more shard, possibly none; null when all were told. */
  next(): readonly Pair[] | null {
    assert(!this.closed, 'a closed snapshot tells nothing');
    if (this.position === SHARDS) return null;
    const stored = this.copies.get(this.position) ?? this.live(this.position);
    const pairs = Array.from(stored, ([key, value]): Pair => [key, restore(value)]);
    this.copies.delete(this.position);
    this.position += 1;
    return pairs;
  }

  close(): void {
    this.closed = true;
    this.copies.clear();
    this.onClose();
  }

  /** For the table: whether a write to this shard would change what is still to be told. */
  needs(index: number): boolean {
    return index >= this.position && !this.copies.has(index);
  }

  preserve(index: number, copy: StoredPairs): void {
    this.copies.set(index, copy);
  }
}
