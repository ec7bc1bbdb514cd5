/**
 * `node dist/tests/acceptance/rejoin-million.js [--keys 1000000]`
 *
 * A store of a million keys (16 bytes, values of 100): how long an emptied participant takes from
 * its process start to its admission while clients write at 2,000 a second, how long they had to
 * wait meanwhile, and how fast each role, and all together, serve again after a restart.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isWhole, stateOf } from '../helpers/cluster-info.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { ReplyError, RespConnection } from '../helpers/resp-connection.js';
import type { RoleProcess } from '../helpers/role-process.js';
import { numberArgument, Outcome } from './outcome.js';
import { startProbe } from './probe.js';

const KEYS_PER_MSET = 500;
const MSETS_IN_FLIGHT = 20;
const WRITES_PER_SECOND = 2000;
/** Of the writes that were due; the last ones before the end are still unanswered. */
const ANSWERED_SHARE = 0.95;
const ADMISSION_WITHIN_MS = 10_000;
const LONGEST_WAIT_MS = 1000;
const SERVING_WITHIN_MS = 5000;
const LISTENING_WITHIN_MS = 500;
const POLL_MS = 10;
const TIMEOUT_MS = 120_000;

function keyOf(number: number): string {
  return `key:${String(number).padStart(12, '0')}`;
}

async function load(cluster: Cluster, keys: number): Promise<void> {
  const connection = await cluster.connection();
  const value = Buffer.alloc(100, 'v');
  let number = 0;
  const loader = async (): Promise<void> => {
    while (number < keys) {
      const words: (string | Buffer)[] = ['MSET'];
      for (const end = Math.min(keys, number + KEYS_PER_MSET); number < end; number += 1) {
        words.push(keyOf(number), value);
      }
      const reply = await connection.command(...words);
      if (reply instanceof ReplyError) throw reply;
    }
  };
  await Promise.all(Array.from({ length: MSETS_IN_FLIGHT }, loader));
  connection.close();
}

/** Milliseconds until a GET is answered by a value again. */
async function servingAfter(cluster: Cluster, from: number): Promise<number> {
  const { host, port } = cluster.coordinator;
  while (performance.now() - from < TIMEOUT_MS) {
    try {
      const connection = await RespConnection.open(host, port);
      const reply = await connection.command('GET', keyOf(0));
      connection.close();
      if (Buffer.isBuffer(reply)) return Math.round(performance.now() - from);
    } catch {
      // It does not listen yet, or not any more.
    }
    await delay(POLL_MS);
  }
  throw new Error('the store does not serve again');
}

async function memberAfter(cluster: Cluster, role: RoleProcess, from: number): Promise<number> {
  await cluster.waitForInfo((info) => stateOf(info, role.address) === 'member', TIMEOUT_MS);
  return Math.round(performance.now() - from);
}

function startWriting({ coordinator }: Cluster): ReturnType<typeof startProbe> {
  return startProbe({ port: coordinator.port, writesPerSecond: WRITES_PER_SECOND });
}

/** How long clients wait until a participant that was killed is out: its detection, and a view. */
async function lose(cluster: Cluster, victim: RoleProcess, outcome: Outcome): Promise<void> {
  const probe = await startWriting(cluster);
  await victim.kill9();
  cluster.wipe(victim);
  await cluster.waitForInfo((info) => stateOf(info, victim.address) !== 'member');
  await delay(1000);
  const { errors, firstErrors, longestWaitMs } = await probe.stop();
  outcome.promise('participant killed: errors', `${errors} ${firstErrors[0] ?? ''}`, errors === 0);
  const calm = longestWaitMs < LONGEST_WAIT_MS;
  outcome.promise('participant killed: longest wait, ms', longestWaitMs, calm);
}

async function refill(cluster: Cluster, outcome: Outcome): Promise<void> {
  const victim = cluster.participant(2);
  await lose(cluster, victim, outcome);
  const probe = await startWriting(cluster);
  const from = performance.now();
  await victim.start();
  const admitted = await memberAfter(cluster, victim, from);
  const { operations, seconds, errors, firstErrors, longestWaitMs } = await probe.stop();
  outcome.promise(
    'empty participant: start to admission, ms',
    admitted,
    admitted < ADMISSION_WITHIN_MS,
  );
  const perSecond = Math.round(operations / seconds);
  outcome.promise(
    `clients meanwhile: writes a second (of ${WRITES_PER_SECOND})`,
    perSecond,
    perSecond >= WRITES_PER_SECOND * ANSWERED_SHARE,
  );
  outcome.promise('clients meanwhile: errors', `${errors} ${firstErrors[0] ?? ''}`, errors === 0);
  const calm = longestWaitMs < LONGEST_WAIT_MS;
  outcome.promise('clients meanwhile: longest wait, ms', longestWaitMs, calm);
}

async function restart(
  cluster: Cluster,
  what: string,
  roles: readonly RoleProcess[],
  outcome: Outcome,
): Promise<void> {
  await cluster.waitForInfo(isWhole, TIMEOUT_MS);
  await cluster.kill9(...roles);
  const from = performance.now();
  const listening = await Promise.all(
    roles.map(async (role) => {
      await role.start();
      return Math.round(performance.now() - from);
    }),
  );
  const isParticipant = roles.length === 1 && roles[0] !== cluster.coordinator;
  const serving =
    isParticipant && roles[0] !== undefined
      ? await memberAfter(cluster, roles[0], from)
      : await servingAfter(cluster, from);
  const slowest = Math.max(...listening);
  outcome.promise(`${what} restarted: serving, ms`, serving, serving < SERVING_WITHIN_MS);
  outcome.promise(`${what} restarted: listening, ms`, slowest, slowest < LISTENING_WITHIN_MS);
}

const keys = numberArgument('keys', 1_000_000);
const outcome = new Outcome();
const cluster = await makeCluster();
try {
  await cluster.start();
  const from = performance.now();
  await load(cluster, keys);
  outcome.figure(`${keys} keys loaded, ms`, Math.round(performance.now() - from));
  await refill(cluster, outcome);
  await restart(cluster, 'participant', [cluster.participant(1)], outcome);
  await restart(cluster, 'coordinator', [cluster.coordinator], outcome);
  await restart(cluster, 'all four', cluster.roles, outcome);
  const connection = await cluster.connection();
  const size = await connection.command('DBSIZE');
  connection.close();
  outcome.promise('keys at the end', String(size), Number(size) >= keys);
} catch (error) {
  console.error(cluster.tails());
  throw error;
} finally {
  await cluster.end();
}
outcome.finish();
