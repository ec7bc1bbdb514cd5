/**
 * Damages memory as a cosmic ray would: one bit of a stored value changes, and nobody is told. The
 * table hides its pairs on purpose, so this looks behind its fence; and it stores a changed copy,
 * because in one process all replicas share the bytes that arrived.
 */
import type { Table } from '../../src/storage/table.js';

interface Innards {
  readonly shards: readonly { readonly pairs: Map<string, Buffer> }[];
}

/** False if there is no such key, or nothing in it to flip. */
export function flipStoredByte(table: Table, key: string): boolean {
  const { shards } = table as unknown as Innards;
  const pairs = shards.find((shard) => shard.pairs.has(key))?.pairs;
  const value = pairs?.get(key);
  if (pairs === undefined || value === undefined || value.length === 0) return false;
  const flipped = Buffer.from(value);
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  pairs.set(key, flipped);
  return true;
}
