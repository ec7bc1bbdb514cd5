/**
 * What a traced cluster is made to do: single writes, pipelined ones, one too large for a message,
 * one that every participant refuses, a participant that dies twice and comes back, once between a
 * write and its sync, and a coordinator that is killed with a transaction in doubt. No key is
 * written twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseInfo } from '../helpers/cluster-info.js';
import { ReplyError, RespConnection, textOf } from '../helpers/resp-connection.js';
import type { Role } from './chaos-cluster.js';
import { FATAL_SYNC, type TracedCluster } from './traced-run.js';

const SINGLE_WRITES = 20;
const PIPELINED_WRITES = 40;
/** Just too large for one message. */
const LARGE_BYTES = 530_000;
/** With a large value it is more than a participant may hold; in one message all the same. */
const REFUSED_BYTES = 520_000;
const LAZY_SYNCS_MS = 500;
const IN_DOUBT_LIMIT_MS = 10_000;
const MOST_ATTEMPTS = 3;
const INFO_POLL_MS = 10;
/** More than all syncs that it may live through. */
const MOST_WRITES_TO_DEATH = 200;

/** Less than the coordinator's, so that it is they who refuse. */
export const PARTICIPANT_SETTINGS = ['max_memory 1mb'];
/** What `write` writes: also one large value, and one at the end. */
const PLAIN_WRITES = SINGLE_WRITES + PIPELINED_WRITES + 2;

const set = async (connection: RespConnection, key: string, value = 'v'): Promise<void> => {
  textOf(await connection.command('SET', key, value));
};

async function pipelined(connection: RespConnection, name: string): Promise<void> {
  const keys = Array.from({ length: PIPELINED_WRITES }, (_, n) => `${name}${n}`);
  await Promise.all(keys.map((key) => set(connection, key)));
}

export async function write({ cluster }: TracedCluster): Promise<void> {
  const connection = await cluster.connect();
  for (let n = 0; n < SINGLE_WRITES; n += 1) await set(connection, `single${n}`);
  await pipelined(connection, 'pipelined');
  await set(connection, 'large', 'x'.repeat(LARGE_BYTES));
  // What nobody waits for is synced and told a little later.
  await delay(LAZY_SYNCS_MS);
  await set(connection, 'last');
  connection.close();
}

/** Returns how many writes were answered with OK. */
export async function writeThroughFaults(traced: TracedCluster): Promise<number> {
  await write(traced);
  const connection = await traced.cluster.connect();
  await refuse(connection);
  const outage = await loseParticipant(traced, connection);
  connection.close();
  const decided = await loseCoordinator(traced);
  const later = await traced.cluster.connect();
  await set(later, 'after');
  later.close();
  return PLAIN_WRITES + outage + decided + 1;
}

async function refuse(connection: RespConnection): Promise<void> {
  const reply = await connection.command('SET', 'refused', 'x'.repeat(REFUSED_BYTES));
  if (reply instanceof ReplyError && reply.message.startsWith('OOM')) return;
  throw new Error('a write that no participant has room for was not refused by them');
}

/**
 * It dies with a record that is written and not synced; the others decide without it. Returns how
 * many writes that took.
 */
async function loseParticipant(
  { cluster, start, whole }: TracedCluster,
  connection: RespConnection,
): Promise<number> {
  const role = cluster.role('participant2');
  await role.process.kill9();
  start(role, FATAL_SYNC);
  await whole();
  let written = 0;
  for (; role.process.isRunning; written += 1) {
    if (written === MOST_WRITES_TO_DEATH) throw new Error(`${role.process.name} still runs`);
    await set(connection, `outage${written}`);
  }
  start(role);
  await whole();
  return written;
}

/** Returns how many writes were decided before it died. */
async function loseCoordinator(traced: TracedCluster): Promise<number> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    if (await diesUndecided(traced, `undecided${attempt}`)) return attempt;
  }
  throw new Error('every write was decided before the coordinator was killed');
}

/**
 * One participant is stopped meanwhile: nothing is decided, and the others are in doubt. False if
 * this took so long that the coordinator has gone on without the stopped one.
 */
async function diesUndecided(
  { cluster, start, whole }: TracedCluster,
  key: string,
): Promise<boolean> {
  const connection = await cluster.connect();
  const stopped = cluster.role('participant3');
  stopped.process.pause();
  const written = Promise.allSettled([set(connection, key)]);
  await untilInDoubt(cluster.role('participant1'));
  await cluster.coordinator.process.kill9();
  const [{ status }] = await written;
  stopped.process.resume();
  start(cluster.coordinator);
  await whole();
  return status === 'rejected';
}

async function untilInDoubt({ process: { host, port } }: Role): Promise<void> {
  const connection = await RespConnection.open(host, port);
  const deadline = performance.now() + IN_DOUBT_LIMIT_MS;
  try {
    for (;;) {
      const { fields } = parseInfo(textOf(await connection.command('INFO')));
      if (Number(fields['in_doubt']) > 0) return;
      if (performance.now() > deadline) throw new Error('no transaction came to be in doubt');
      await delay(INFO_POLL_MS);
    }
  } finally {
    connection.close();
  }
}
