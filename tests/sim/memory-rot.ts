/** Memory that goes bad: keys that no client touches, so that only the scrub can find it. */
import type { Table } from '../../src/storage/table.js';
import { flipStoredByte } from '../helpers/rot.js';

/** Written once, read at the end. */
export const COLD_KEYS = ['cold0', 'cold1', 'cold2'] as const;

/** False if the key is not there. */
export function flipInMemory(table: Table, key: string): boolean {
  if (table.get(key) === undefined) return false;
  flipStoredByte(table, key);
  return true;
}
