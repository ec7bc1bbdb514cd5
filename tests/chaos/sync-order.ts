/**
 * Persist before you promise, judged from a trace alone: nothing that depends on a record leaves a
 * process before the sync of that record has returned, and no commit is told before the promises of
 * all members have arrived. What depends on what is in docs/PROTOCOL.md.
 *
 * Frames and records are decoded by the program's own codecs; the order comes from the trace. A
 * trace begins with the process and with an empty folder.
 */
import { decodeReply, decodeRequest } from '../../src/rpc/codec.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { decodeCommands } from '../../src/storage/commands.js';
import type { OutcomeRecord, WalRecord } from '../../src/wal/record.js';
import { parseTrace } from './strace-lines.js';
import { type TracedRecord, tracedRecords } from './traced-log.js';
import { type Frame, type TracedStream, tracedStreams } from './traced-streams.js';

/** One message that left, and the line whose sync it depends on. */
export interface Check {
  /** `vote`, `done`, `outcome`, `reply to a client`, … */
  readonly rule: string;
  readonly what: string;
  readonly leftAt: number;
  readonly durableAt: number;
}

export interface SyncOrder {
  readonly checks: readonly Check[];
  /** Sentences, one a message that left too early. */
  readonly violations: readonly string[];
}

const PEER_REQUEST = /^2PC\./;

export function checkParticipantTrace(text: string): SyncOrder {
  const { facts, streams } = read(text);
  const checks = streams.flatMap((stream) =>
    stream.sent.flatMap((frame) => {
      const reply = peerReply(frame, stream);
      return reply === null ? [] : facts.check(reply.type, frame.at, neededByReply(reply));
    }),
  );
  return verdict(checks);
}

export function checkCoordinatorTrace(text: string): SyncOrder {
  const { facts, streams, records } = read(text);
  const checks: Check[] = [];
  const peers = streams.filter(({ sent }) => PEER_REQUEST.test(headOf(sent[0])));
  facts.settle(decidedAt(peers, records));
  for (const { sent } of peers) {
    for (const { words, at } of sent) {
      const request = decodeRequest(words);
      checks.push(...facts.check(request.type, at, neededByRequest(request)));
    }
  }
  const transactions = transactionsByKey(peers);
  for (const stream of streams) {
    if (!peers.includes(stream)) checks.push(...clientChecks(stream, facts, transactions));
  }
  for (const { record, writtenAt } of records) {
    if (record.kind !== 'commit') continue;
    checks.push(...facts.check('commit record', writtenAt, [nameOf(record)]));
  }
  return verdict(checks);
}

function read(text: string) {
  const calls = parseTrace(text);
  const records = tracedRecords(calls);
  return { records, facts: new Facts(records), streams: tracedStreams(calls) };
}

function verdict(checks: readonly Check[]): SyncOrder {
  const violations = checks
    .filter(({ leftAt, durableAt }) => leftAt <= durableAt)
    .map(({ rule, what, leftAt, durableAt }) => {
      const when = durableAt === Infinity ? 'never' : `in line ${durableAt + 1}`;
      return `${rule} left in line ${leftAt + 1}; ${what} was durable ${when}`;
    });
  return { checks, violations };
}

/** When each promise that a record makes became durable. */
class Facts {
  readonly #durableAt = new Map<string, number>();

  constructor(records: readonly TracedRecord[]) {
    for (const { record, durableAt } of records) {
      for (const fact of factsOf(record)) {
        this.#durableAt.set(fact, Math.min(durableAt, this.#durableAt.get(fact) ?? Infinity));
      }
    }
  }

  /** These hold from these lines on, whatever this log has synced. */
  settle(lines: ReadonlyMap<string, number>): void {
    for (const [fact, at] of lines) this.#durableAt.set(fact, at);
  }

  check(rule: string, leftAt: number, needed: readonly string[]): Check[] {
    return needed.map((what) => {
      const durableAt = this.#durableAt.get(what) ?? Infinity;
      return { rule, what, leftAt, durableAt };
    });
  }
}

function factsOf(record: WalRecord): string[] {
  switch (record.kind) {
    case 'prepared':
      return [`prepared ${record.epoch}:${record.txid}`];
    case 'commit':
    case 'abort':
      return [nameOf(record), `outcome of ${record.txid}`];
    case 'epoch':
      return [`epoch ${record.epoch.number}`];
    case 'view':
      return [`view ${record.view.number}`];
    case 'piece':
      return [`piece of ${record.stage} up to ${record.offset + record.bytes.length}`];
    default:
      return [];
  }
}

function nameOf({ kind, epoch, txid }: OutcomeRecord): string {
  return `${kind} ${epoch}:${txid}`;
}

function neededByReply(reply: Reply): string[] {
  switch (reply.type) {
    case 'vote':
      return reply.vote === 'yes' ? [`prepared ${reply.epoch}:${reply.txid}`] : [];
    case 'done':
    case 'pong':
      // They say up to where outcomes are synced; nobody else need remember those.
      return reply.synced === 0 ? [] : [`outcome of ${reply.synced}`];
    case 'fenced':
      return [`epoch ${reply.status.epoch.number}`];
    case 'viewed':
      return [`view ${reply.number}`];
    case 'pieced':
      return reply.have === 0 ? [] : [`piece of ${reply.stage} up to ${reply.have}`];
    default:
      return [];
  }
}

function neededByRequest(request: Request): string[] {
  switch (request.type) {
    case 'fence':
      return [`epoch ${request.epoch.number}`];
    case 'view':
      return [`view ${request.view.number}`];
    case 'prepare':
      return [`view ${request.view}`];
    case 'outcome':
      return [`${request.commit ? 'commit' : 'abort'} ${request.epoch}:${request.txid}`];
    default:
      return [];
  }
}

/** Null for what a participant sends to clients, or asks of a donor. */
function peerReply(frame: Frame, stream: TracedStream): Reply | null {
  return PEER_REQUEST.test(headOf(stream.received[0])) ? decodeReply([...frame.words]) : null;
}

function headOf(frame: Frame | undefined): string {
  return frame?.words[0]?.toString('latin1') ?? '';
}

interface Sent {
  readonly transaction: string;
  readonly at: number;
}

/** Where the write of a key went; staged payloads come in pieces of their own. */
function transactionsByKey(peers: readonly TracedStream[]): Map<string, Sent[]> {
  const found = new Map<string, Sent[]>();
  const stages = new Map<string, Buffer[]>();
  for (const { sent } of peers) {
    stages.clear();
    for (const { words, at } of sent) {
      const request = decodeRequest(words);
      if (request.type === 'piece') {
        stages.set(request.stage, [...(stages.get(request.stage) ?? []), request.bytes]);
      }
      if (request.type !== 'prepare') continue;
      const parts = request.stage === '' ? request.payload : (stages.get(request.stage) ?? []);
      for (const command of decodeCommands(Buffer.concat(parts))) {
        if (command.op !== 'set') continue;
        for (const [key] of command.pairs) {
          const all = found.get(key) ?? [];
          found.set(key, all);
          all.push({ transaction: `${request.epoch}:${request.txid}`, at });
        }
      }
    }
  }
  return found;
}

/** Each client's n-th reply answers its n-th request. Only SETs of keys that are set once. */
function clientChecks(
  { sent, received }: TracedStream,
  facts: Facts,
  transactions: ReadonlyMap<string, readonly Sent[]>,
): Check[] {
  return sent.flatMap((frame, index) => {
    const [command, key] = received[index]?.words ?? [];
    if (headOf(frame) !== '+OK' || command?.toString() !== 'SET' || key === undefined) return [];
    const last = transactions.get(key.toString('latin1'))?.at(-1);
    return facts.check('reply to a client', frame.at, [`commit ${last?.transaction ?? '?'}`]);
  });
}

/** What every member has promised durably is committed: when the last of these votes arrived. */
function decidedAt(
  peers: readonly TracedStream[],
  records: readonly TracedRecord[],
): Map<string, number> {
  const votes = new Map<string, number[]>();
  for (const { received } of peers) {
    for (const { words, at } of received) {
      const reply = decodeReply([...words]);
      if (reply.type !== 'vote' || reply.vote !== 'yes') continue;
      const name = `commit ${reply.epoch}:${reply.txid}`;
      votes.set(name, [...(votes.get(name) ?? []), at]);
    }
  }
  let members = 0;
  const decided = new Map<string, number>();
  for (const { record } of records) {
    if (record.kind === 'view') members = record.view.members.length;
    if (record.kind !== 'commit') continue;
    const arrived = (votes.get(nameOf(record)) ?? []).sort((a, b) => a - b);
    decided.set(nameOf(record), arrived[members - 1] ?? Infinity);
  }
  return decided;
}
