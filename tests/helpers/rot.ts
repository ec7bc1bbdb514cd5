/** Memory that goes bad, for tests of what finds it. */
import { assert } from '../../src/base/assert.js';
import type { Table } from '../../src/storage/table.js';

interface Shard {
  readonly pairs: Map<string, string | Buffer>;
}

/** Changes one bit of a stored value behind the table's back; doing it again undoes it. */
export function flipStoredByte(table: Table, key: string): void {
  const shards = Reflect.get(table, 'shards') as readonly Shard[];
  const shard = shards.find(({ pairs }) => pairs.has(key));
  assert(shard !== undefined, `there is a key ${key}`);
  const stored = shard.pairs.get(key) ?? '';
  const bytes = typeof stored === 'string' ? Buffer.from(stored, 'latin1') : stored;
  assert(bytes.length > 0, 'an empty value has no byte to change');
  bytes.writeUInt8((bytes[0] ?? 0) ^ 4, 0);
  shard.pairs.set(key, typeof stored === 'string' ? bytes.toString('latin1') : bytes);
}
