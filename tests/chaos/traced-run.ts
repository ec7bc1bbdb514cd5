/**
 * A short run of a whole cluster under strace, for the check of what leaves before its sync. No
 * faults: single writes, pipelined ones, one too large for one message, and a participant that goes
 * and comes back.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';
import { textOf } from '../helpers/resp-connection.js';
import type { Abilities, Ability } from './abilities.js';
import { ChaosCluster, ROLE_NAMES } from './chaos-cluster.js';
import { TRACE_WORDS } from './strace-lines.js';
import { loopbackTopology } from './topology.js';

/** What each role's tracer wrote, by the role's name. */
export type Traces = ReadonlyMap<string, string>;

const CALLS = [
  ...['write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg'],
  ...['read', 'readv', 'recvfrom', 'recvmsg', 'fsync', 'fdatasync'],
];
/** A sync that takes this long is not over by chance when something leaves too early. */
const SLOW_SYNC_MICROS = 3000;
const SINGLE_WRITES = 20;
const PIPELINED_WRITES = 40;
/** Just too large for one message. */
const LARGE_BYTES = 530_000;
const START_LIMIT_MS = 30_000;
const LAZY_SYNCS_MS = 500;
const TRACE_END_MS = 10_000;
const TRACE_POLL_MS = 20;
/** The program's own modules, for the most part. */
const READ_OF_FILE = /^\d+\s+\S+ read\(\d+<\\x2f.*\n/gm;

const PLAIN: Abilities = {
  missing: new Map<Ability, string>([
    ['faketime', 'not wanted'],
    ['small disks', 'not wanted'],
  ]),
  fakeClock: {},
};

/** `main`: the program to run, where it is not the one beside this file. */
export async function traceCluster(main?: string): Promise<Traces> {
  const folder = mkdtempSync(join(tmpdir(), 'kv2pc-traced-'));
  const topology = await loopbackTopology(ROLE_NAMES);
  const parts = { folder, topology, abilities: PLAIN, prng: new Prng(1) };
  const cluster = new ChaosCluster(main === undefined ? parts : { ...parts, main });
  const traceOf = (name: string): string => join(folder, `${name}.trace`);
  try {
    for (const role of cluster.roles) {
      const inject = ['-e', `inject=fdatasync:delay_exit=${SLOW_SYNC_MICROS}`];
      const output = ['-o', traceOf(role.process.name)];
      const words = [...TRACE_WORDS, ...output, '-e', `trace=${CALLS.join(',')}`, ...inject];
      cluster.launch(role, ['strace', '-D', ...words]);
    }
    const why = await cluster.waitUntilWhole(START_LIMIT_MS);
    if (why !== null) throw new Error(`the traced cluster did not start:\n${why}`);
    await write(cluster);
    for (const { process } of cluster.roles) await process.stop();
    const traces = new Map<string, string>();
    for (const name of ROLE_NAMES) traces.set(name, await wholeTrace(traceOf(name)));
    return traces;
  } finally {
    for (const { process } of cluster.roles) await process.kill9();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function write(cluster: ChaosCluster): Promise<void> {
  const connection = await cluster.connect();
  const set = async (key: string, value: string): Promise<void> => {
    textOf(await connection.command('SET', key, value));
  };
  for (let n = 0; n < SINGLE_WRITES; n += 1) await set(`single${n}`, 'v');
  const pipelined = Array.from({ length: PIPELINED_WRITES }, (_, n) => set(`pipelined${n}`, 'v'));
  await Promise.all(pipelined);
  await set('large', 'x'.repeat(LARGE_BYTES));
  // What nobody waits for is synced and told a little later.
  await delay(LAZY_SYNCS_MS);
  await set('last', 'v');
  connection.close();
}

/** The tracer writes on for a moment when its process has ended. */
async function wholeTrace(path: string): Promise<string> {
  const deadline = performance.now() + TRACE_END_MS;
  for (;;) {
    const text = readFileSync(path, 'utf8');
    const first = /^\d+/.exec(text)?.[0] ?? '';
    const end = new RegExp(`^${first}\\s.*\\+\\+\\+ (exited|killed)`, 'm');
    if (end.test(text)) return text.replace(READ_OF_FILE, '');
    if (performance.now() > deadline) throw new Error(`${path} has no end`);
    await delay(TRACE_POLL_MS);
  }
}
