/**
 * What a snapshot says of itself, in its first frame. It comes from a disk or from another process
 * with a checksum that only tells that the bytes are those that were meant, not that they make
 * sense: whatever is read here has every field, of a size that a log can hold.
 */
import type { TxId } from '../base/ids.js';
import { REMEMBERED_ABORTS, REMEMBERED_LINEAGE } from '../base/limits.js';

/** A record of the log holds 48 bits. */
const MAX_NUMBER = 2 ** 48 - 1;

const MAX_HASH_CHARACTERS = 512;

interface Named {
  readonly epoch: number;
  readonly txid: TxId;
}

export interface SnapshotHeader {
  readonly txid: TxId;
  /** Epoch number of the last committed transaction. */
  readonly epoch: number;
  readonly chain: string;
  readonly digest: string;
  readonly keys: number;
  readonly bytes: number;
  /**
   * The most recent aborted transactions: what is at or below `txid` and not here was committed.
   */
  readonly aborted: readonly Named[];
  /** Of 0.1.0: as if all were of the last epoch, so that what is of an older one is refilled. */
  readonly lineage: readonly Named[];
}

/** Null if the text is not a whole header. What a later release adds is left out. */
export function parseSnapshotHeader(text: string): SnapshotHeader | null {
  const { txid, epoch, chain, digest, keys, bytes, aborted, ...rest } = fieldsOf(text);
  if (!isNumber(txid) || !isNumber(epoch) || !isNumber(keys) || !isNumber(bytes)) return null;
  const { lineage = txid === 0 ? [] : [{ epoch, txid: 1 }] } = rest;
  if (!isHash(chain) || !isHash(digest)) return null;
  if (!isList(aborted, REMEMBERED_ABORTS) || !isList(lineage, REMEMBERED_LINEAGE)) return null;
  return { txid, epoch, chain, digest, keys, bytes, aborted, lineage };
}

function fieldsOf(text: string): Partial<Record<keyof SnapshotHeader, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}

function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_NUMBER;
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_HASH_CHARACTERS;
}

function isList(value: unknown, limit: number): value is Named[] {
  return Array.isArray(value) && value.length <= limit && value.every(isNamed);
}

function isNamed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, txid }: Partial<Record<keyof Named, unknown>> = value;
  return isNumber(epoch) && isNumber(txid);
}
