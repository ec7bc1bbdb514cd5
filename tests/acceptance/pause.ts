/**
 * `node dist/tests/acceptance/pause.js`
 *
 * The coordinator stands still for 5 s under load: nobody may be removed for that. Then a value of
 * 512 MB is written and read with default settings: nobody is removed, and other clients never
 * wait for a second.
 */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isServing, isWhole } from '../helpers/cluster-info.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { EndlessBenchmark } from './endless-benchmark.js';
import { numberArgument, Outcome } from './outcome.js';
import { startProbe } from './probe.js';

const PAUSE_MS = 5000;
const CHUNK_BYTES = 1024 * 1024;
const LONGEST_WAIT_MS = 1000;
/** What the other client gets done at least while a huge value passes, on average. */
const COMMANDS_PER_SECOND = 20;
const REPLY_TIMEOUT_MS = 120_000;

async function pausedCoordinator(cluster: Cluster, outcome: Outcome): Promise<void> {
  const before = await cluster.waitForInfo(isWhole);
  const benchmark = new EndlessBenchmark(cluster.coordinator.port, 50, 1);
  await delay(1000);
  cluster.coordinator.pause();
  await delay(PAUSE_MS);
  cluster.coordinator.resume();
  await delay(3000);
  const problem = await benchmark.stop();
  const after = await cluster.waitForInfo(isServing);
  outcome.promise('coordinator paused: redis-benchmark', problem ?? 'no error', problem === null);
  nobodyRemoved('coordinator paused', before.fields, after.fields, outcome);
}

function nobodyRemoved(
  when: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  outcome: Outcome,
): void {
  const changes = Number(after['view_number']) - Number(before['view_number']);
  outcome.promise(`${when}: changes of the view`, changes, changes === 0);
  const size = after['view_size'] ?? '';
  outcome.promise(`${when}: participants in the view`, size, size === '3');
}

/** A megabyte that differs from every other one. */
function chunk(number: number): Buffer {
  const bytes = Buffer.alloc(CHUNK_BYTES, `chunk ${number}\r\n\0`);
  bytes.writeUInt32BE(number, 0);
  return bytes;
}

/** Collects a reply: its first line, and a digest of what follows until `length` bytes came. */
function readReply(socket: Socket, length: number): Promise<{ line: string; digest: string }> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let head: Buffer | undefined = Buffer.alloc(0);
    let line = '';
    let rest = length;
    const take = (bytes: Buffer): void => {
      let body = bytes;
      if (head !== undefined) {
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf('\r\n');
        if (end === -1) return;
        line = head.subarray(0, end).toString();
        body = head.subarray(end + 2);
        head = undefined;
      }
      hash.update(body.subarray(0, rest));
      rest -= Math.min(rest, body.length);
      if (rest > 0 && !line.startsWith('-')) return;
      socket.off('data', take);
      resolve({ line, digest: hash.digest('hex') });
    };
    socket.on('data', take);
    socket.once('error', reject);
    socket.setTimeout(REPLY_TIMEOUT_MS, () => {
      reject(new Error('no reply in time'));
    });
  });
}

async function writeChunks(socket: Socket, megabytes: number): Promise<string> {
  const hash = createHash('sha256');
  for (let number = 0; number < megabytes; number += 1) {
    const bytes = chunk(number);
    hash.update(bytes);
    if (!socket.write(bytes)) await new Promise((drained) => socket.once('drain', drained));
  }
  return hash.digest('hex');
}

async function hugeValue(cluster: Cluster, megabytes: number, outcome: Outcome): Promise<void> {
  const before = await cluster.waitForInfo(isWhole);
  const { host, port } = cluster.coordinator;
  const length = megabytes * CHUNK_BYTES;
  const probe = await startProbe({ port, writesPerSecond: 0 });
  const socket = connect({ host, port });
  let from = performance.now();
  const stored = readReply(socket, 0);
  socket.write(`*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$${length}\r\n`);
  const written = await writeChunks(socket, megabytes);
  socket.write('\r\n');
  const { line } = await stored;
  outcome.promise(`SET of ${megabytes} MB`, line, line === '+OK');
  outcome.figure(`SET of ${megabytes} MB, ms`, Math.round(performance.now() - from));
  from = performance.now();
  const fetched = readReply(socket, length);
  socket.write('*2\r\n$3\r\nGET\r\n$4\r\nhuge\r\n');
  const { line: size, digest } = await fetched;
  const same = size === `$${length}` && digest === written;
  outcome.promise(`GET of ${megabytes} MB`, same ? 'same bytes' : size, same);
  outcome.figure(`GET of ${megabytes} MB, ms`, Math.round(performance.now() - from));
  socket.destroy();
  const report = await probe.stop();
  const { longestWaitMs, errors, operations, seconds } = report;
  const perSecond = Math.round(operations / seconds);
  const isServed = perSecond >= COMMANDS_PER_SECOND;
  outcome.figure('other client: commands meanwhile', operations);
  outcome.promise('other client: commands a second', perSecond, isServed);
  outcome.promise('other client: errors', errors, errors === 0);
  outcome.promise('other client: longest wait, ms', longestWaitMs, longestWaitMs < LONGEST_WAIT_MS);
  const after = await cluster.waitForInfo(isServing);
  nobodyRemoved('huge value', before.fields, after.fields, outcome);
}

const outcome = new Outcome();
const cluster = await makeCluster();
try {
  await cluster.start();
  await pausedCoordinator(cluster, outcome);
  await hugeValue(cluster, numberArgument('megabytes', 512), outcome);
} catch (error) {
  console.error(cluster.tails());
  throw error;
} finally {
  await cluster.end();
}
outcome.finish();
