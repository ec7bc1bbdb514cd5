/**
 * Persist before you promise, judged from a trace alone: nothing that depends on a record leaves a
 * process before the sync of that record has returned, and no commit is told before the promises of
 * all members have arrived. What depends on what is in docs/PROTOCOL.md.
 *
 * Frames and records are decoded by the program's own codecs; the order comes from the trace. A
 * trace begins with the first life of the process and with an empty folder.
 */
import { KeptArguments } from '../../src/resp/arguments.js';
import { decodeReply, decodeRequest } from '../../src/rpc/codec.js';
import type { Reply, Request, StatusReply } from '../../src/rpc/messages.js';
import { type Check, DurableFacts } from './durable-facts.js';
import type { SystemCall } from './strace-lines.js';
import { clientChecks, transactionsByKey } from './traced-clients.js';
import { decisionOf, decisionsIn } from './traced-decisions.js';
import { tracedRecords } from './traced-log.js';
import { type Frame, type TracedStream, tracedStreams } from './traced-streams.js';

export interface SyncOrder {
  readonly checks: readonly Check[];
  /** Sentences, one a message that left too early. */
  readonly violations: readonly string[];
}

const PEER_REQUEST = /^2PC\./;

export function checkParticipantTrace(calls: readonly SystemCall[]): SyncOrder {
  const { facts, streams } = read(calls);
  return verdict(streams.flatMap((stream) => participantChecks(stream, facts)));
}

/** Nothing for what a participant sends to clients, or asks of a donor. */
function participantChecks({ sent, received }: TracedStream, facts: DurableFacts): Check[] {
  if (!PEER_REQUEST.test(headOf(received[0]))) return [];
  const aborted = abortsToldIn(received);
  return sent.flatMap(({ words, at }) => {
    const reply = decodeReply([...words]);
    const checks = facts.check(reply.type, at, neededByReply(reply));
    const name = reply.type === 'done' ? `abort ${reply.epoch}:${reply.txid}` : '';
    if (!aborted.has(name)) return checks;
    return [...checks, ...facts.check('done of an abort', at, [name])];
  });
}

function abortsToldIn(received: readonly Frame[]): Set<string> {
  const requests = received.map(({ words }) => decodeRequest(new KeptArguments(words)));
  return new Set(
    requests.flatMap((request) =>
      request.type === 'outcome' && !request.commit ? neededByRequest(request) : [],
    ),
  );
}

export function checkCoordinatorTrace(calls: readonly SystemCall[]): SyncOrder {
  const { facts, streams, records } = read(calls);
  const checks: Check[] = [];
  const peers = streams.filter(({ sent }) => PEER_REQUEST.test(headOf(sent[0])));
  const { committed, known, abortedEverywhere } = decisionsIn(peers, records);
  for (const lines of [committed, known, abortedEverywhere]) facts.settle(lines);
  const begun = new Set<string>();
  for (const { sent, life } of peers) {
    for (const { words, at } of sent) {
      const request = decodeRequest(new KeptArguments(words));
      if (request.type === 'prepare') begun.add(`${life} ${request.epoch}:${request.txid}`);
      checks.push(...facts.check(ruleOf(request, life, begun), at, neededByRequest(request)));
    }
  }
  const transactions = transactionsByKey(peers);
  for (const stream of streams) {
    if (!peers.includes(stream)) checks.push(...clientChecks(stream, facts, transactions));
  }
  for (const { record, writtenAt } of records) {
    if (record.kind !== 'commit') continue;
    checks.push(...facts.check('commit record', writtenAt, [decisionOf(record)]));
  }
  return verdict(checks);
}

/** An outcome of what an earlier life has begun rests on the log alone. */
function ruleOf(request: Request, life: number, begun: ReadonlySet<string>): string {
  if (request.type !== 'outcome') return request.type;
  const isOwn = begun.has(`${life} ${request.epoch}:${request.txid}`);
  return isOwn ? 'outcome' : 'outcome after a restart';
}

function read(calls: readonly SystemCall[]) {
  const records = tracedRecords(calls);
  return { records, facts: new DurableFacts(records), streams: tracedStreams(calls) };
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

function neededByReply(reply: Reply): string[] {
  switch (reply.type) {
    case 'vote':
      return reply.vote === 'yes' ? [`prepared ${reply.epoch}:${reply.txid}`] : [];
    case 'done':
    case 'pong':
      // They say up to where outcomes are synced; nobody else need remember those.
      return outcomeOf(reply.synced);
    case 'status':
    case 'fenced':
      return neededByStatus(reply);
    case 'caughtUp':
    case 'delta':
      // A joiner may rely on what its donor has on disk, and its coordinator on what it has.
      return outcomeOf(reply.position.txid);
    case 'viewed':
      return [`view ${reply.number}`];
    case 'pieced':
      return reply.have === 0 ? [] : [`piece of ${reply.stage} up to ${reply.have}`];
    default:
      return [];
  }
}

/** All of it is durable when it is said. */
function neededByStatus({ type, status }: StatusReply): string[] {
  const prepared = status.inDoubt.map(({ epoch, txid }) => `prepared ${epoch}:${txid}`);
  const epoch = type === 'fenced' ? [`epoch ${status.epoch.number}`] : [];
  return [...epoch, ...prepared, ...outcomeOf(status.synced), ...outcomeOf(status.resolved.txid)];
}

function outcomeOf(txid: number): string[] {
  return txid === 0 ? [] : [`outcome of ${txid}`];
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

function headOf(frame: Frame | undefined): string {
  return frame?.words[0]?.toString('latin1') ?? '';
}
