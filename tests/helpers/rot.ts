/**
 * Memory that goes bad, for tests of what finds it. The table hides its pairs on purpose, so this
 * looks behind its fence.
 */
import { KeyImage } from '../../src/storage/key-image.js';
import type { Entries } from '../../src/storage/entries.js';
import type { Slots } from '../../src/storage/slots.js';
import { BLOCK_MASK, BLOCK_SHIFT, type Pages } from '../../src/storage/pages.js';
import type { Table } from '../../src/storage/table.js';

interface Shard {
  readonly entries: Entries;
  readonly slots: Slots;
  readonly kept: Map<string, Buffer> | null;
  readonly find: (image: KeyImage) => number;
}

/**
 * Changes one bit of a stored value behind the table's back; doing it again undoes it. False if
 * there is no such key, or nothing in its value to change.
 */
export function flipStoredByte(table: Table, key: string): boolean {
  const stored = table.get(key);
  if (stored === undefined || stored.length === 0) return false;
  const image = new KeyImage();
  image.readText(key);
  const shards = Reflect.get(table, 'shards') as readonly (Shard | null)[];
  for (const shard of shards) {
    if (shard === null) continue;
    const slot = shard.find(image);
    if (slot >= 0) {
      flip(
        Reflect.get(table, 'memory') as Pages,
        shard.slots.place(slot),
        1 + Math.ceil(key.length / 4),
      );
    } else if (shard.kept?.has(key) === true) {
      // A changed copy: in one process all replicas share the bytes that arrived.
      const copy = Buffer.from(stored);
      copy.writeUInt8((copy[0] ?? 0) ^ 4, 0);
      shard.kept.set(key, copy);
    }
  }
  return true;
}

/** The first bit that counts four of the word at this distance from the place of an entry. */
function flip(memory: Pages, place: number, distance: number): void {
  const words = memory.words[place >>> BLOCK_SHIFT];
  if (words === undefined) return;
  const at = (place & BLOCK_MASK) + distance;
  words[at] = (words[at] ?? 0) ^ 4;
}
