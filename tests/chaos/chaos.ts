/**
 * `npm run chaos -- --minutes M --seed S`
 *
 * Real faults on real processes: a coordinator and three participants, each in a network namespace
 * of its own, clients that write and read few keys, and a seeded nemesis. At the end everything is
 * healed, every key is read, and the history and the logs are judged. Exit status 0 means that
 * nothing was wrong; otherwise all that is needed to look into it is kept, and its place printed.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Prng } from '../../src/base/prng.js';
import { type Abilities, findAbilities, toolsAreRequired } from './abilities.js';
import { ChaosCluster, ROLE_NAMES } from './chaos-cluster.js';
import { Clients } from './clients.js';
import { isInside, runInside } from './inside.js';
import { Journal } from './journal.js';
import { judge } from './judge.js';
import { Nemesis } from './nemesis.js';
import { Schedule } from './plan.js';
import { HistoryRecorder } from './recorder.js';
import { printReport } from './report.js';
import { Supervisor } from './supervisor.js';
import { BridgedTopology, loopbackTopology, type Topology } from './topology.js';

const CLIENT_COUNT = 6;
const START_LIMIT_MS = 30_000;
const HEAL_LIMIT_MS = 45_000;
const INTERRUPTED_STATUS = 130;
const MS_PER_MINUTE = 60_000;
/** About as long as a fault and the recovery from it. */
const LAST_STEP_MS = 6000;

interface Settings {
  readonly minutes: number;
  readonly seed: number;
  /** The folder stays whatever the verdict is. */
  readonly keep: boolean;
}

function settingsOfCommandLine(): Settings {
  const options = { minutes: { type: 'string' }, seed: { type: 'string' } } as const;
  const flags = { keep: { type: 'boolean' }, inside: { type: 'boolean' } } as const;
  const { values } = parseArgs({ options: { ...options, ...flags } });
  const minutes = Number(values.minutes ?? '2');
  const seed = Number(values.seed ?? Math.floor(Date.now() / 1000) % 1_000_000);
  if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
    throw new Error('usage: chaos [--minutes M] [--seed S] [--keep]');
  }
  return { minutes, seed, keep: values.keep ?? false };
}

/** Ends it at once; with the namespaces goes whatever is in them. */
function endWhenInterrupted(folder: string): void {
  const end = (): void => {
    console.log(`interrupted; logs are in ${folder}`);
    process.exit(INTERRUPTED_STATUS);
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  if (!isInside()) return;
  // The program outside is gone, or wants us to be.
  process.stdin.on('end', end).on('error', end).resume();
}

async function makeTopology(abilities: Abilities): Promise<Topology> {
  if (abilities.missing.has('partitions')) return loopbackTopology(ROLE_NAMES);
  return BridgedTopology.make(ROLE_NAMES);
}

async function run(settings: Settings, abilities: Abilities, folder: string): Promise<boolean> {
  const { seed, minutes, keep } = settings;
  const journal = new Journal(folder);
  const schedule = new Schedule(seed, abilities);
  const topology = await makeTopology(abilities);
  const prng = new Prng(seed ^ 0x5eed);
  const cluster = new ChaosCluster({ folder, topology, abilities, prng });
  const supervisor = new Supervisor(cluster, journal);
  for (const role of cluster.roles) supervisor.up(role);
  const why = await cluster.waitUntilWhole(START_LIMIT_MS);
  if (why !== null) throw new Error(`the cluster did not start:\n${why}\nsee ${folder}`);
  const recorder = new HistoryRecorder(join(folder, 'history.jsonl'));
  const connect = () => cluster.connect();
  const clients = new Clients({ connect, recorder, journal, prng, count: CLIENT_COUNT });
  const refusals = (): number => recorder.refusedAt.length;
  const nemesis = new Nemesis({ cluster, supervisor, topology }, schedule, journal, refusals);
  clients.start();
  const lengthMs = Math.max(minutes * MS_PER_MINUTE - LAST_STEP_MS, LAST_STEP_MS);
  await nemesis.run(performance.now() + lengthMs);
  await clients.stop();
  await finish(cluster, clients, journal);
  for (const role of cluster.roles) await stop(supervisor, role, journal);
  recorder.flush();
  await judge({ cluster, recorder, journal });
  const { skipped } = schedule;
  const { failStops } = supervisor;
  const isSound = journal.violations.length === 0;
  const isKept = keep || !isSound;
  if (isKept) keepDisks(cluster);
  printReport({ seed, minutes, recorder, nemesis, journal, failStops, skipped, folder, isKept });
  return isSound;
}

/** All is healed; now it must serve. */
async function finish(cluster: ChaosCluster, clients: Clients, journal: Journal): Promise<void> {
  const why = await cluster.waitUntilWhole(HEAL_LIMIT_MS);
  if (why !== null) {
    journal.violation(`not whole ${HEAL_LIMIT_MS / 1000} s after the end of all faults:\n${why}`);
  }
  try {
    const connection = await cluster.connect();
    const problem = await clients.probe(connection);
    if (problem !== null) journal.violation(`the write after the end of all faults: ${problem}`);
    await clients.readAll(connection);
    connection.close();
  } catch (error) {
    journal.violation(`nothing could be read at the end: ${String(error)}`);
  }
}

async function stop(
  supervisor: Supervisor,
  role: ChaosCluster['coordinator'],
  journal: Journal,
): Promise<void> {
  const { name, isRunning } = role.process;
  if (!isRunning) return;
  const exit = await supervisor.stop(role);
  if (exit.code === 0) return;
  journal.violation(`${name} ended on SIGTERM with ${exit.signal ?? exit.code ?? '?'}`);
}

/** The small file systems go with this program. */
function keepDisks(cluster: ChaosCluster): void {
  for (const { process, disk } of cluster.roles) {
    if (disk !== undefined) cpSync(disk.folder, join(process.folder, 'disk'), { recursive: true });
  }
}

async function main(): Promise<number> {
  const settings = settingsOfCommandLine();
  let reason = '';
  if (!isInside()) {
    const ended = await runInside();
    if (typeof ended === 'number') return ended;
    reason = ended;
  }
  // The library of the fake clock keeps files there, and a killed process removes none.
  if (isInside()) spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/dev/shm'], { stdio: 'ignore' });
  const abilities = await findAbilities(isInside());
  if (reason !== '') console.log(`no namespaces of our own: ${reason}`);
  for (const [ability, why] of abilities.missing) console.log(`missing: ${ability}: ${why}`);
  if (abilities.missing.size > 0 && toolsAreRequired()) return 1;
  const folder = mkdtempSync(join(tmpdir(), 'kv2pc-chaos-'));
  endWhenInterrupted(folder);
  const { seed, minutes, keep } = settings;
  console.log(`chaos: seed ${seed}, ${minutes} minutes, ${folder}`);
  const isSound = await run(settings, abilities, folder);
  if (isSound && !keep) rmSync(folder, { recursive: true, force: true });
  return isSound ? 0 : 1;
}

process.exit(await main());
