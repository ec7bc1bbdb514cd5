/**
 * The most recent transactions, kept in memory so that a participant that was away for a while can
 * be given a delta instead of a snapshot.
 *
 * Bounded in bytes; the oldest go first. Knows for every txid that it spans the chain behind it, so
 * that it can tell whether an asker's past is the same as ours (the hash decides, never the number
 * alone). Invariant: entries are contiguous in txid and end at the state's resolved position.
 */
import { assert } from '../base/assert.js';
import { type Position, type TxId, START_POSITION } from '../base/ids.js';

/** Bookkeeping of one entry, counted against the budget beside its payload. */
const ENTRY_OVERHEAD_BYTES = 200;

export interface HistoryEntry {
  readonly epoch: number;
  readonly txid: TxId;
  readonly commit: boolean;
  readonly length: number;
  readonly crc: number;
  /** Null for an abort. */
  readonly payload: Buffer | null;
  /** Chain after this transaction. */
  readonly chain: string;
}

export class History {
  private base: Position = START_POSITION;
  private entries: HistoryEntry[] = [];
  private first = 0;
  private bytes = 0;

  constructor(private readonly budgetBytes: number) {}

  /** Starts over behind this position. */
  reset(position: Position): void {
    this.base = position;
    this.entries = [];
    this.first = 0;
    this.bytes = 0;
  }

  push(entry: HistoryEntry): void {
    assert(entry.txid === this.end + 1, 'the history has no gap');
    this.entries.push(entry);
    this.bytes += entry.length + ENTRY_OVERHEAD_BYTES;
    while (this.bytes > this.budgetBytes && this.first < this.entries.length) this.dropOldest();
  }

  /** Whether the asker's past up to its position is also ours. */
  knows(position: Position): boolean {
    if (position.txid === this.base.txid) return position.chain === this.base.chain;
    return this.at(position.txid)?.chain === position.chain;
  }

  at(txid: TxId): HistoryEntry | undefined {
    if (txid <= this.base.txid) return undefined;
    return this.entries[this.first + (txid - this.base.txid - 1)];
  }

  private get end(): TxId {
    return this.base.txid + this.entries.length - this.first;
  }

  private dropOldest(): void {
    const entry = this.entries[this.first];
    assert(entry !== undefined, 'there is an oldest entry');
    this.base = { txid: entry.txid, chain: entry.chain };
    this.bytes -= entry.length + ENTRY_OVERHEAD_BYTES;
    this.first += 1;
    if (this.first > 1024 && this.first * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.first);
      this.first = 0;
    } else {
      this.entries[this.first - 1] = { ...entry, payload: null };
    }
  }
}
