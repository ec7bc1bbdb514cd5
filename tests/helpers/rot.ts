/**
 * Memory that goes bad, for tests of what finds it. The table hides its pairs on purpose, so this
 * looks behind its fence.
 */
import { assert } from '../../src/base/assert.js';
import { bufferOf } from '../../src/base/bytes.js';
import type { Kept } from '../../src/storage/kept.js';
import { KeyImage } from '../../src/storage/key-image.js';
import { BLOCK_MASK, BLOCK_SHIFT, type Pages } from '../../src/storage/pages.js';
import type { Slots } from '../../src/storage/slots.js';
import type { Table } from '../../src/storage/table.js';

/** What counts four in the first byte of a value. */
const VALUE_BIT = 2;

interface Shard {
  readonly slots: Slots;
  readonly kept: Kept;
  readonly find: (image: KeyImage) => number;
}

interface Innards {
  readonly shards: readonly (Shard | null)[];
  readonly memory: Pages;
}

/**
 * Changes one bit of a stored value behind the table's back; doing it again undoes it. False if
 * there is no such key, or nothing in its value to change.
 */
export function flipStoredByte(table: Table, key: string): boolean {
  const value = table.get(key);
  if (value === undefined || value.length === 0) return false;
  const { shards } = table as unknown as Innards;
  const shard = shards.find((each) => each?.kept.has(key) === true);
  if (shard === undefined) {
    flipBit(table, key, 32 * (1 + Math.ceil(key.length / 4)) + VALUE_BIT);
    return true;
  }
  // A changed copy: in one process all replicas share the bytes that arrived.
  const copy = Buffer.from(bufferOf(value));
  copy.writeUInt8((copy[0] ?? 0) ^ (1 << VALUE_BIT), 0);
  shard?.kept.set(key, copy);
  return true;
}

/** Changes one bit of the entry of a key in a page; bit 0 is the lowest of its head. */
export function flipBit(table: Table, key: string, bit: number): void {
  const { shard, slot } = slotOf(table, key);
  const place = shard.slots.place(slot);
  const words = (table as unknown as Innards).memory.words[place >>> BLOCK_SHIFT];
  assert(words !== undefined, 'an entry has memory');
  const at = (place & BLOCK_MASK) + (bit >>> 5);
  words[at] = (words[at] ?? 0) ^ (1 << (bit % 32));
}

/** Takes a key from the index alone. */
export function forget(table: Table, key: string): void {
  const { shard, slot } = slotOf(table, key);
  shard.slots.remove(slot);
}

function slotOf(table: Table, key: string): { shard: Shard; slot: number } {
  const image = new KeyImage();
  image.readText(key);
  for (const shard of (table as unknown as Innards).shards) {
    const slot = shard?.find(image) ?? -1;
    if (shard !== null && slot >= 0) return { shard, slot };
  }
  throw new Error(`there is no key ${key} in a page`);
}
