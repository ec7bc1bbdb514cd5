/**
 * What a coordinator told its clients, and what that depends on. A client's n-th reply answers its
 * n-th request. Judges only SETs of keys that are set once, so that a key names its transactions.
 */
import { KeptArguments } from '../../src/resp/arguments.js';
import { decodeRequest } from '../../src/rpc/codec.js';
import { decodeCommands } from '../../src/storage/commands.js';
import type { Check, DurableFacts } from './durable-facts.js';
import { abortEverywhere } from './traced-decisions.js';
import type { TracedStream } from './traced-streams.js';

/** By key: the transactions that its write went into, in the order in which they were sent. */
export type TransactionsByKey = ReadonlyMap<string, readonly string[]>;

interface Sent {
  readonly key: string;
  readonly transaction: string;
  readonly at: number;
}

/** An error that says for certain that nothing was done. */
const CERTAIN_ERROR = /^-(?!UNKNOWN\b)/;

export function transactionsByKey(peers: readonly TracedStream[]): TransactionsByKey {
  const found = new Map<string, string[]>();
  for (const { key, transaction } of peers.flatMap(keysSentTo).sort((a, b) => a.at - b.at)) {
    const all = found.get(key) ?? [];
    found.set(key, all);
    if (!all.includes(transaction)) all.push(transaction);
  }
  return found;
}

/** Staged payloads come in pieces of their own. */
function keysSentTo({ sent }: TracedStream): Sent[] {
  const stages = new Map<string, Buffer[]>();
  return sent.flatMap(({ words, at }) => {
    const request = decodeRequest(new KeptArguments(words));
    if (request.type === 'piece') {
      stages.set(request.stage, [...(stages.get(request.stage) ?? []), request.bytes]);
    }
    if (request.type !== 'prepare') return [];
    const transaction = `${request.epoch}:${request.txid}`;
    const parts = request.stage === '' ? request.payload : (stages.get(request.stage) ?? []);
    const sets = decodeCommands(Buffer.concat(parts)).filter((command) => command.op === 'set');
    const keys = sets.flatMap(({ pairs }) => pairs.map(([key]) => key));
    return keys.map((key) => ({ key, transaction, at }));
  });
}

export function clientChecks(
  { sent, received }: TracedStream,
  facts: DurableFacts,
  transactions: TransactionsByKey,
): Check[] {
  return sent.flatMap((frame, index) => {
    const [command, key] = received[index]?.words ?? [];
    if (command?.toString() !== 'SET' || key === undefined) return [];
    const told = frame.words[0]?.toString('latin1') ?? '';
    const all = transactions.get(key.toString('latin1')) ?? [];
    if (told === '+OK') {
      return facts.check('reply to a client', frame.at, [`commit ${all.at(-1) ?? '?'}`]);
    }
    if (!CERTAIN_ERROR.test(told)) return [];
    return facts.check('error to a client', frame.at, all.map(abortEverywhere));
  });
}
