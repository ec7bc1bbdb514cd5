/**
 * A short run of a whole cluster under strace, for the check of what leaves before its sync. Each
 * life of a process is traced from its start; the traces of its lives follow each other.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';
import type { Abilities, Ability } from './abilities.js';
import { ChaosCluster, ROLE_NAMES, type Role } from './chaos-cluster.js';
import { NEXT_LIFE, parseTrace, type SystemCall, TRACE_WORDS } from './strace-lines.js';
import { loopbackTopology } from './topology.js';

/** What each role's tracers saw, by the role's name. */
export type Traces = ReadonlyMap<string, readonly SystemCall[]>;

export interface TracedCluster {
  readonly cluster: ChaosCluster;
  /** Begins the next life of a role that is down; `sync`: what its syncs meet. */
  readonly start: (role: Role, sync?: string) => void;
  /** Until everybody is a member. */
  readonly whole: () => Promise<void>;
}

const CALLS = [
  ...['write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg'],
  ...['read', 'readv', 'recvfrom', 'recvmsg', 'fsync', 'fdatasync'],
];
/** A sync that takes so many µs is not over by chance when something leaves too early. */
const SLOW = 'delay_exit=3000';
/**
 * The process is killed between a write and its sync, at the latest by so many syncs of each of the
 * threads that sync for it; by fewer altogether it is not.
 */
export const FATAL_SYNC = 'signal=KILL:when=20';
const WHOLE_LIMIT_MS = 30_000;
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

export interface TracedParts {
  readonly work: (traced: TracedCluster) => Promise<void>;
  /** The program to run, where it is not the one beside this file. */
  readonly main?: string;
  readonly participantSettings?: readonly string[];
}

export async function traceCluster({ work, ...others }: TracedParts): Promise<Traces> {
  const folder = mkdtempSync(join(tmpdir(), 'kv2pc-traced-'));
  const topology = await loopbackTopology(ROLE_NAMES);
  const parts = { folder, topology, abilities: PLAIN, prng: new Prng(1) };
  const cluster = new ChaosCluster({ ...parts, ...others });
  const paths = new Map<string, string[]>(ROLE_NAMES.map((name) => [name, []]));
  const start = (role: Role, sync = SLOW): void => {
    const lives = paths.get(role.process.name) ?? [];
    const path = join(folder, `${role.process.name}.${lives.length}.trace`);
    lives.push(path);
    const inject = ['-e', `inject=fdatasync:${sync}`];
    const words = [...TRACE_WORDS, '-o', path, '-e', `trace=${CALLS.join(',')}`, ...inject];
    cluster.launch(role, ['strace', '-D', ...words]);
  };
  const whole = async (): Promise<void> => {
    const why = await cluster.waitUntilWhole(WHOLE_LIMIT_MS);
    if (why !== null) throw new Error(`the traced cluster is not whole:\n${why}`);
  };
  try {
    for (const role of cluster.roles) start(role);
    await whole();
    await work({ cluster, start, whole });
    for (const { process } of cluster.roles) await process.stop();
    const traces = new Map<string, SystemCall[]>();
    for (const [name, lives] of paths) {
      const texts = await Promise.all(lives.map(wholeTrace));
      traces.set(name, parseTrace(texts.join(`${NEXT_LIFE}\n`)));
    }
    return traces;
  } finally {
    for (const { process } of cluster.roles) await process.kill9();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tracer writes on for a moment when its process has ended. */
async function wholeTrace(path: string): Promise<string> {
  const deadline = performance.now() + TRACE_END_MS;
  for (;;) {
    const text = readFileSync(path, 'utf8');
    const first = /^\d+/.exec(text)?.[0] ?? '';
    const end = new RegExp(`^${first}\\s.*\\+\\+\\+ (exited|killed).*\\n`, 'm');
    if (end.test(text)) return text.replace(READ_OF_FILE, '');
    if (performance.now() > deadline) throw new Error(`${path} has no end`);
    await delay(TRACE_POLL_MS);
  }
}
