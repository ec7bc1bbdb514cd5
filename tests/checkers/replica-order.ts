/**
 * Whether all participants applied one and the same sequence of transactions, and whether that
 * sequence keeps what clients were told.
 *
 * Every sequence must be a piece of one common sequence: from its first transaction, or from the
 * snapshot it was filled with, up to some point. Transactions have numbers without gaps; an aborted
 * one uses its number up. Knows neither logs nor machines: who fills these types does
 * (`applied-sequence.ts`). Commands are compared by their names; a name that clients used several
 * times, as that of a DEL, is counted.
 */
import { shortHash } from '../../src/base/hash.js';
import type { Operation } from './history.js';

export interface ResolvedTransaction {
  /** Of the PREPARE; of an abort nobody needs to know it, and it is not compared. */
  readonly epoch: number;
  readonly txid: number;
  readonly outcome: 'commit' | 'abort';
  /** '' for an abort. */
  readonly payloadHash: string;
  /** Names of the client commands in it, see `nameOfSet` and `nameOfDel`. */
  readonly commands: readonly string[];
}

export interface ParticipantSequence {
  readonly participant: string;
  /** Transactions up to this number came in a snapshot and are not listed; 0: all are listed. */
  readonly startsAfter: number;
  readonly transactions: readonly ResolvedTransaction[];
}

/** What a client was told of a command. */
export interface Claim {
  readonly command: string;
  readonly outcome: Operation['outcome'];
}

export interface ReplicaOrderVerdict {
  /** Sentences, one a violation; empty when everything is in order. */
  readonly violations: readonly string[];
  /** False: no participant knows the first transactions, so what is missing cannot be told. */
  readonly isComplete: boolean;
}

/** Longer values stand for themselves by a hash. */
const VALUE_CHARACTERS = 40;

export function nameOfSet(pairs: readonly (readonly [key: string, value: string])[]): string {
  return `SET ${pairs.map(([key, value]) => `${key}=${nameOfValue(value)}`).join(' ')}`;
}

export function nameOfDel(keys: readonly string[]): string {
  return `DEL ${keys.join(' ')}`;
}

function nameOfValue(value: string): string {
  if (value.length <= VALUE_CHARACTERS) return value;
  return `${value.slice(0, VALUE_CHARACTERS)}…${value.length}:${shortHash(value)}`;
}

/** The writes among what clients saw. */
export function claimsOf(history: readonly Operation[]): Claim[] {
  return history.flatMap(({ action, outcome }) => {
    if (action.op === 'set') return [{ command: nameOfSet(action.pairs), outcome }];
    return action.op === 'del' ? [{ command: nameOfDel(action.keys), outcome }] : [];
  });
}

export function checkReplicaOrder(
  sequences: readonly ParticipantSequence[],
  claims: readonly Claim[],
): ReplicaOrderVerdict {
  const violations = sequences.flatMap(gaps);
  const common = new Map<number, { by: string; transaction: ResolvedTransaction }>();
  for (const { participant, transactions } of sequences) {
    for (const transaction of transactions) {
      const known = common.get(transaction.txid);
      if (known === undefined) common.set(transaction.txid, { by: participant, transaction });
      else violations.push(...difference(known.by, known.transaction, participant, transaction));
    }
  }
  const ordered = [...common.values()]
    .map(({ transaction }) => transaction)
    .sort((a, b) => a.txid - b.txid);
  violations.push(...epochsThatGoBack(ordered));
  const isComplete = ordered.every(({ txid }, i) => txid === i + 1) && reachesEnd(sequences);
  violations.push(...brokenClaims(ordered, claims, isComplete));
  return { violations, isComplete };
}

/** Numbers grow by one from the start of the sequence on. */
function gaps({ participant, startsAfter, transactions }: ParticipantSequence): string[] {
  return transactions.flatMap(({ txid }, i) => {
    const expected = (transactions[i - 1]?.txid ?? startsAfter) + 1;
    if (txid === expected) return [];
    return [`${participant} resolved transaction ${txid} where ${expected} was next`];
  });
}

/** Whether what the participant that is furthest ahead resolved is listed, not in a snapshot. */
function reachesEnd(sequences: readonly ParticipantSequence[]): boolean {
  const listed = Math.max(
    0,
    ...sequences.map(({ transactions }) => transactions.at(-1)?.txid ?? 0),
  );
  return sequences.every(({ startsAfter }) => startsAfter <= listed);
}

function difference(
  one: string,
  first: ResolvedTransaction,
  other: string,
  second: ResolvedTransaction,
): string[] {
  const say = (what: string): string[] => [
    `transaction ${first.txid}: ${one} and ${other} ${what}; ` +
      `${one}: ${describe(first)}; ${other}: ${describe(second)}`,
  ];
  if (first.outcome !== second.outcome) return say('resolved it differently');
  if (first.outcome === 'abort') return [];
  if (first.epoch !== second.epoch) return say('applied those of two epochs');
  return first.payloadHash === second.payloadHash ? [] : say('applied two payloads');
}

function describe({ epoch, outcome, commands }: ResolvedTransaction): string {
  return `${outcome} in epoch ${epoch} of [${commands.join(', ')}]`;
}

/** A coordinator of an older epoch has no say once a newer one has committed something. */
function epochsThatGoBack(ordered: readonly ResolvedTransaction[]): string[] {
  const committed = ordered.filter(({ outcome }) => outcome === 'commit');
  return committed.flatMap(({ txid, epoch }, i) => {
    const before = committed[i - 1];
    if (before === undefined || before.epoch <= epoch) return [];
    return [`transaction ${txid} of epoch ${epoch} follows ${before.txid} of ${before.epoch}`];
  });
}

/** Each name was applied at least as often as acknowledged, and no more than can have happened. */
function brokenClaims(
  ordered: readonly ResolvedTransaction[],
  claims: readonly Claim[],
  isComplete: boolean,
): string[] {
  const applied = new Map<string, number[]>();
  for (const { txid, outcome, commands } of ordered) {
    if (outcome === 'abort') continue;
    for (const command of commands) {
      const txids = applied.get(command);
      if (txids === undefined) applied.set(command, [txid]);
      else txids.push(txid);
    }
  }
  const told = new Map<string, { ok: number; unknown: number; failed: number }>();
  for (const { command, outcome } of claims) {
    const counts = told.get(command) ?? { ok: 0, unknown: 0, failed: 0 };
    counts[outcome] += 1;
    told.set(command, counts);
  }
  const found: string[] = [];
  for (const command of new Set([...told.keys(), ...applied.keys()])) {
    const { ok, unknown, failed } = told.get(command) ?? { ok: 0, unknown: 0, failed: 0 };
    const txids = applied.get(command) ?? [];
    const where = txids.length === 0 ? '' : ` (transactions ${txids.join(', ')})`;
    if (isComplete && txids.length < ok) {
      found.push(`${command}: acknowledged ${ok} times, applied ${txids.length} times${where}`);
    }
    if (txids.length > ok + unknown) {
      found.push(
        `${command}: applied ${txids.length} times${where}, but clients were told of ` +
          `${ok} successes, ${unknown} unknown outcomes and ${failed} failures`,
      );
    }
  }
  return found;
}
