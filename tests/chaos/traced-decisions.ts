/**
 * What a coordinator has heard of its participants, as its trace shows it: from which line on every
 * member has promised a transaction, or has synced its abort.
 */
import type { View } from '../../src/base/ids.js';
import { KeptArguments } from '../../src/resp/arguments.js';
import { decodeReply, decodeRequest } from '../../src/rpc/codec.js';
import type { Reply } from '../../src/rpc/messages.js';
import type { OutcomeRecord } from '../../src/wal/record.js';
import { nameOf } from './durable-facts.js';
import type { TracedRecord } from './traced-log.js';
import type { TracedStream } from './traced-streams.js';

/** By fact and by the store id of the one who said so: the line in which it first arrived. */
class Heard {
  readonly #lines = new Map<string, Map<string, number>>();

  hear(fact: string, storeId: string, at: number): void {
    const lines = this.#lines.get(fact) ?? new Map<string, number>();
    this.#lines.set(fact, lines);
    lines.set(storeId, Math.min(at, lines.get(storeId) ?? Infinity));
  }

  /** Infinity where there is nobody who could have said so. */
  fromAll(fact: string, storeIds: readonly string[]): number {
    if (storeIds.length === 0) return Infinity;
    const lines = storeIds.map((storeId) => this.#lines.get(fact)?.get(storeId) ?? Infinity);
    return Math.max(...lines);
  }

  fromAny(fact: string): number {
    return Math.min(Infinity, ...(this.#lines.get(fact)?.values() ?? []));
  }
}

export interface Decisions {
  /** Every member has voted for it: these are committed, whatever the coordinator has synced. */
  readonly committed: ReadonlyMap<string, number>;
  /** What it may write down as committed: also what a start finds promised or ended. */
  readonly known: ReadonlyMap<string, number>;
  /** Every member that may have been prepared has synced the abort. */
  readonly abortedEverywhere: ReadonlyMap<string, number>;
}

export function decisionsIn(
  peers: readonly TracedStream[],
  records: readonly TracedRecord[],
): Decisions {
  const heard = new Heard();
  for (const { received } of peers) {
    let storeId = '';
    for (const { words, at } of received) {
      const reply = decodeReply([...words]);
      if (reply.type === 'welcome') ({ storeId } = reply);
      for (const fact of toldBy(reply)) heard.hear(fact, storeId, at);
    }
  }
  return { ...commits(heard, records), abortedEverywhere: aborts(heard, peers, records) };
}

function toldBy(reply: Reply): string[] {
  switch (reply.type) {
    case 'vote': {
      const name = `${reply.epoch}:${reply.txid}`;
      return reply.vote === 'yes' ? [`voted ${name}`, `promised ${name}`] : [];
    }
    case 'done':
      return [`done ${reply.epoch}:${reply.txid}`];
    case 'status':
    case 'fenced': {
      const { inDoubt, resolved } = reply.status;
      const promised = inDoubt.map(({ epoch, txid }) => `promised ${epoch}:${txid}`);
      const ended = Array.from({ length: resolved.txid }, (_, index) => `ended ${index + 1}`);
      return [...promised, ...ended];
    }
    default:
      return [];
  }
}

function commits(
  heard: Heard,
  records: readonly TracedRecord[],
): Pick<Decisions, 'committed' | 'known'> {
  let members: readonly string[] = [];
  const committed = new Map<string, number>();
  const known = new Map<string, number>();
  for (const { record } of records) {
    if (record.kind === 'view') members = storeIdsOf(record.view);
    if (record.kind !== 'commit') continue;
    const { epoch, txid } = record;
    committed.set(nameOf(record), heard.fromAll(`voted ${epoch}:${txid}`, members));
    const promisedAt = heard.fromAll(`promised ${epoch}:${txid}`, members);
    known.set(decisionOf(record), Math.min(promisedAt, heard.fromAny(`ended ${txid}`)));
  }
  return { committed, known };
}

export function decisionOf({ epoch, txid }: OutcomeRecord): string {
  return `decision of ${epoch}:${txid}`;
}

export function abortEverywhere(transaction: string): string {
  return `abort everywhere of ${transaction}`;
}

/** Prepared may be whoever is in the view of the PREPARE. */
function aborts(
  heard: Heard,
  peers: readonly TracedStream[],
  records: readonly TracedRecord[],
): Map<string, number> {
  const members = new Map<number, readonly string[]>();
  for (const { record } of records) {
    if (record.kind === 'view') members.set(record.view.number, storeIdsOf(record.view));
  }
  const aborted = new Map<string, number>();
  const views = new Map<string, number>();
  for (const { words } of peers.flatMap(({ sent }) => sent)) {
    const request = decodeRequest(new KeptArguments(words));
    if (request.type !== 'prepare' && request.type !== 'outcome') continue;
    const name = `${request.epoch}:${request.txid}`;
    if (request.type === 'prepare') views.set(name, request.view);
    else if (!request.commit) {
      const told = members.get(views.get(name) ?? 0) ?? [];
      aborted.set(abortEverywhere(name), heard.fromAll(`done ${name}`, told));
    }
  }
  return aborted;
}

function storeIdsOf({ members }: View): string[] {
  return members.map(({ storeId }) => storeId);
}
