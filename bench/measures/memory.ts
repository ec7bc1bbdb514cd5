/** What processes hold after a forced collection; they must run with the memory probe. */
import type { RoleProcess } from '../../tests/helpers/role-process.js';
import { askProbe } from './probes.js';

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

export async function memoryAfterCollection(role: RoleProcess): Promise<Memory> {
  return (await askProbe(role, 'memory-probe')) as Memory;
}
