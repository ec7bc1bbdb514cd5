/** What processes hold after a forced collection; they must run with the memory probe. */
import type { RoleProcess } from '../../tests/helpers/role-process.js';

const TIMEOUT_MS = 60_000;
const asked = new WeakMap<RoleProcess, { pid: number; count: number }>();

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

export async function memoryAfterCollection(role: RoleProcess): Promise<Memory> {
  const { pid } = role;
  const before = asked.get(role);
  const count = (before?.pid === pid ? before.count : 0) + 1;
  asked.set(role, { pid, count });
  role.signal('SIGUSR2');
  const line = await role.waitForLine(new RegExp(`memory-probe ${count} (.*)\\n`), TIMEOUT_MS);
  return JSON.parse(line[1] ?? '') as Memory;
}
