/**
 * Of which epoch each transaction was that has ended: where the transactions of an epoch begin,
 * as far back as is remembered. Two processes that ended a transaction did so under one epoch; who
 * holds it in doubt under another one holds another transaction. Pure.
 *
 * Invariant: ascending in epoch and in txid, at most `REMEMBERED_LINEAGE` long. (The same idea as
 * Kafka's cache of leader epochs, KIP-101.)
 */
import type { TxId } from './ids.js';
import { REMEMBERED_LINEAGE } from './limits.js';

export type Lineage = readonly {
  readonly epoch: number;
  /** The first transaction of that epoch. */
  readonly txid: TxId;
}[];

/** With this transaction, which ended behind all that are known. */
export function extended(lineage: Lineage, epoch: number, txid: TxId): Lineage {
  const last = lineage.at(-1);
  if (last !== undefined && last.epoch >= epoch) return lineage;
  return [...lineage, { epoch, txid }].slice(-REMEMBERED_LINEAGE);
}

/** With what another process knows of the transactions above `from` and up to `to`. */
export function joined(lineage: Lineage, from: TxId, other: Lineage, to: TxId): Lineage {
  if (from >= to) return lineage;
  return other
    .filter(({ txid }) => txid <= to)
    .reduce((all, { epoch, txid }) => extended(all, epoch, Math.max(from + 1, txid)), lineage);
}

/** Undefined if it is too old to be remembered. */
export function epochAt(lineage: Lineage, txid: TxId): number | undefined {
  return lineage.findLast((start) => start.txid <= txid)?.epoch;
}
