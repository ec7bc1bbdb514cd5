/**
 * A coordinator without everything that makes it one: it counts requests by their length. What is
 * to be written goes to all replicas in one message each, one batch at a time, and is told when all
 * have answered; what is to be read goes to a replica that has nothing else to read. It understands
 * nothing, keeps nothing and survives nothing: what it costs is what any program of this shape must
 * spend on this machine.
 *
 * Arguments: port, ports of the replicas.
 */
import { connect, createServer, type Socket } from 'node:net';
import { KIND, type Kind, type Message, MessageReader, post } from './frames.js';

const [port = 0, ...replicaPorts] = process.argv.slice(2).map(Number);
const OK = '+OK\r\n';
/** redis-benchmark asks for two settings first, and takes an empty answer. */
const CONFIG = 'CONFIG';
const NO_SETTINGS = '*0\r\n';

/** Requests that wait, or are under way, and whose they are. */
class Batch {
  readonly bytes: Buffer[] = [];
  readonly counts = new Map<Socket, number>();
  total = 0;

  add(client: Socket, count: number): void {
    this.counts.set(client, (this.counts.get(client) ?? 0) + count);
    this.total += count;
  }

  message(kind: Kind): Message {
    return { kind, count: this.total, bytes: Buffer.concat(this.bytes) };
  }
}

interface Replica {
  readonly socket: Socket;
  reading: Batch | null;
}

const waiting = { writes: new Batch(), reads: new Batch() };
let writing: Batch | null = null;
let answers = 0;
let isScheduled = false;

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    sendWrites();
    for (const replica of replicas) sendReads(replica);
  });
}

function sendWrites(): void {
  if (writing !== null || waiting.writes.total === 0) return;
  writing = waiting.writes;
  waiting.writes = new Batch();
  answers = 0;
  const message = writing.message(KIND.write);
  for (const { socket } of replicas) post(socket, message);
}

function sendReads(replica: Replica): void {
  if (replica.reading !== null || waiting.reads.total === 0) return;
  replica.reading = waiting.reads;
  waiting.reads = new Batch();
  post(replica.socket, replica.reading.message(KIND.read));
}

function onAnswer(replica: Replica, message: Message): void {
  if (message.kind === KIND.read) onValues(replica, message);
  else onWritten();
  schedule();
}

function onWritten(): void {
  answers += 1;
  if (answers < replicas.length || writing === null) return;
  for (const [client, count] of writing.counts) client.write(OK.repeat(count), 'latin1');
  writing = null;
}

function onValues(replica: Replica, { count, bytes }: Message): void {
  const each = bytes.length / count;
  let at = 0;
  for (const [client, own] of replica.reading?.counts ?? []) {
    client.write(bytes.subarray(at, at + own * each));
    at += own * each;
  }
  replica.reading = null;
}

/** Of the first request in these bytes; all others of its connection are as long. */
function requestLength(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  let at = text.indexOf('\r\n') + 2;
  for (let left = Number(text.slice(1, at - 2)); left > 0; left -= 1) {
    const end = text.indexOf('\r\n', at);
    at = end + 2 + Number(text.slice(at + 1, end)) + 2;
  }
  return at;
}

function serve(client: Socket): void {
  let length = 0;
  let have = 0;
  let own: keyof typeof waiting = 'writes';
  client.on('error', () => client.destroy());
  client.on('data', (chunk) => {
    if (length === 0 && chunk.includes(CONFIG)) {
      client.write(NO_SETTINGS.repeat(chunk.toString('latin1').split(CONFIG).length - 1));
      return;
    }
    if (length === 0) {
      length = requestLength(chunk);
      own = chunk.subarray(0, 2).toString() === '*2' ? 'reads' : 'writes';
    }
    have += chunk.length;
    const count = Math.floor(have / length);
    have -= count * length;
    const batch = waiting[own];
    batch.bytes.push(chunk);
    if (count === 0) return;
    batch.add(client, count);
    schedule();
  });
}

const replicas = replicaPorts.map((each): Replica => {
  const socket = connect({ host: '127.0.0.1', port: each, noDelay: true });
  const replica: Replica = { socket, reading: null };
  const messages = new MessageReader((message) => onAnswer(replica, message));
  socket.on('data', (chunk) => messages.push(chunk));
  return replica;
});
createServer({ noDelay: true }, serve).listen(port, '127.0.0.1');
process.on('disconnect', () => process.exit(0));
