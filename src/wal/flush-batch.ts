/**
 * What a flush has to write: records and the places where a new segment begins, in their order; and
 * which of them may go when the disk is full. Pure.
 *
 * Only promises go: PREPARED and PIECE, whose transactions then get a NO (that what was staged is
 * dropped is none). Outcomes of transactions whose PREPARED goes must go with it, and every later
 * outcome with them, since outcomes are in txid order; so does a new segment that only shortens the
 * log.
 */
import type { Lsn } from '../base/sync-gate.js';
import type { EncodedRecord } from './codec.js';
import { SnapshotFullError } from './errors.js';
import type { Meta } from './meta-file.js';
import type { WalRecord } from './record.js';

/** A place in the order of records where a new segment begins. */
export interface Roll {
  readonly preamble: readonly EncodedRecord[];
  readonly meta: Partial<Meta>;
  /** What must be durable before the segment is begun. */
  readonly ready: Promise<void>;
  /** Must not be given up when the disk is full: later records build on it. */
  readonly essential: boolean;
  readonly resolve: (segment: number) => void;
  readonly reject: (error: Error) => void;
}

export interface Entry {
  readonly lsn: Lsn;
  readonly record: EncodedRecord;
  readonly meta: Partial<Meta>;
}

export type Item = Entry | Roll;

/** What one flush has still to write, in order. */
export class FlushBatch {
  private items: readonly Item[];

  constructor(items: readonly Item[]) {
    this.items = items;
  }

  get rest(): readonly Item[] {
    return this.items;
  }

  get first(): Item | undefined {
    return this.items[0];
  }

  /** Whether it carries a promise, for which the reserve must be there. */
  get promises(): boolean {
    return this.items.some((item) => 'lsn' in item && item.record.isPromise);
  }

  leadingEntries(): readonly Entry[] {
    const entries: Entry[] = [];
    for (const item of this.items) {
      if ('preamble' in item) break;
      entries.push(item);
    }
    return entries;
  }

  done(count: number): void {
    this.items = this.items.slice(count);
  }

  add(items: readonly Item[]): void {
    this.items = [...this.items, ...items];
  }

  keep(spares: (item: Item) => boolean): void {
    this.items = this.items.filter(spares);
  }
}

/** Decides what goes when the disk is full, and remembers what the caller must be told. */
export class Dropped {
  /** Of records that somebody appended. */
  count = 0;
  fromLsn: Lsn = 0;
  private outcomesGo = false;
  private readonly transactions = new Set<string>();

  spares(item: Item): boolean {
    if ('preamble' in item) {
      if (!item.essential) item.reject(new SnapshotFullError('no space left for a new segment'));
      return item.essential;
    }
    const { kind, epoch, txid } = item.record;
    const name = `${epoch}:${txid}`;
    if (item.record.isPromise) {
      if (kind === 'prepared') this.transactions.add(name);
      if (this.fromLsn === 0) this.fromLsn = item.lsn;
      this.count += 1;
      return false;
    }
    if (kind !== 'commit' && kind !== 'abort') return true;
    if (kind === 'commit' && this.transactions.has(name)) this.outcomesGo = true;
    if (this.outcomesGo) this.count += 1;
    return !this.outcomesGo;
  }
}

/** Of nearly every record. */
const NOTHING: Partial<Meta> = {};

export function metaOf(record: WalRecord): Partial<Meta> {
  if (record.kind === 'epoch') return { epoch: record.epoch };
  if (record.kind === 'view') return { view: record.view };
  return NOTHING;
}

export function mergedMeta(entries: readonly Entry[]): Partial<Meta> {
  const told = entries.filter(({ meta }) => meta !== NOTHING);
  return told.reduce((meta, entry) => ({ ...meta, ...entry.meta }), NOTHING);
}
