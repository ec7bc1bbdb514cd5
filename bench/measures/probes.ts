/** Asks code of the bench that runs within a process of the program (`*-probe.ts`). */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RoleProcess, StartOptions } from '../../tests/helpers/role-process.js';

const TIMEOUT_MS = 60_000;
const asked = new WeakMap<RoleProcess, { pid: number; count: number }>();

export type ProbeName = 'memory-probe' | 'pause-probe' | 'profile-probe';

/** Starts a process with this probe in it. */
export function withProbe(name: ProbeName): StartOptions {
  const { href } = pathToFileURL(join(import.meta.dirname, `${name}.js`));
  return { env: { NODE_OPTIONS: `--import ${href}` } };
}

export async function askProbe(role: RoleProcess, name: ProbeName): Promise<unknown> {
  const { pid } = role;
  const before = asked.get(role);
  const count = (before?.pid === pid ? before.count : 0) + 1;
  asked.set(role, { pid, count });
  role.signal('SIGUSR2');
  const line = await role.waitForLine(new RegExp(`${name} ${count} (.*)\\n`), TIMEOUT_MS);
  return JSON.parse(line[1] ?? '');
}
