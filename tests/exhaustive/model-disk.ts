/**
 * A log as the exploration sees it: records with a durable prefix, one flush at a time, which makes
 * durable what had been appended when it began, and optionally a snapshot in front.
 *
 * Follows `wal/group-commit.ts`: a flush begins at the end of a step if somebody waits for a
 * record, else `LAZY_SYNC_MS` after it was appended. Knows nothing of what records mean.
 */
import { LAZY_SYNC_MS } from '../../src/wal/group-commit.js';
import type { WalRecord } from '../../src/wal/record.js';

/** What is left of a process that has died: all of it is durable. */
export interface SavedDisk {
  readonly records: readonly WalRecord[];
  readonly snapshot: readonly Buffer[] | null;
  readonly clusterId: string;
  /** Starts so far. */
  readonly lives: number;
}

export const EMPTY_DISK: SavedDisk = { records: [], snapshot: null, clusterId: '', lives: 0 };

export class ModelDisk {
  records: WalRecord[];
  durable: number;
  snapshot: readonly Buffer[] | null;
  clusterId: string;
  /** How many records the flush under way makes durable; null: none is under way. */
  flushing: number | null = null;
  /** When a flush that nobody waits for begins. */
  dueAt = Infinity;
  private waitedFor = 0;
  /** What the first record of this life has in front of it. */
  private base: number;

  constructor(
    saved: SavedDisk,
    readonly lives: number,
  ) {
    this.records = [...saved.records];
    this.durable = this.records.length;
    this.base = this.records.length;
    this.snapshot = saved.snapshot;
    this.clusterId = saved.clusterId;
  }

  get unsynced(): number {
    return this.records.length - this.durable;
  }

  /** When a flush begins although nothing else happens before. */
  get alarmAt(): number {
    return this.flushing === null ? this.dueAt : Infinity;
  }

  append(records: readonly WalRecord[], now: number): void {
    if (records.length === 0) return;
    this.records.push(...records);
    this.dueAt = Math.min(this.dueAt, now + LAZY_SYNC_MS);
  }

  hurry(): void {
    this.waitedFor = this.records.length;
  }

  /** At the end of every step. */
  beginFlushIfDue(now: number): void {
    if (this.flushing !== null || this.unsynced === 0) return;
    if (this.waitedFor <= this.durable && now < this.dueAt) return;
    this.flushing = this.records.length;
    this.dueAt = Infinity;
  }

  /** The flush under way is done: the number of the last durable record, as the machine counts. */
  finishFlush(): number {
    this.durable = Math.max(this.durable, this.flushing ?? 0);
    this.flushing = null;
    if (this.unsynced === 0) this.dueAt = Infinity;
    return this.durable - this.base;
  }

  /** A received snapshot takes the place of the first `before` records. */
  replace(snapshot: readonly Buffer[], preamble: readonly WalRecord[], before: number): void {
    const shift = preamble.length - before;
    this.records = [...preamble, ...this.records.slice(before)];
    this.durable = Math.max(this.durable, before) + shift;
    this.base += shift;
    this.waitedFor = Math.max(0, this.waitedFor + shift);
    if (this.flushing !== null) this.flushing = Math.max(this.durable, this.flushing + shift);
    this.snapshot = snapshot;
  }

  /** What a crash leaves when `kept` of the records that are not synced reached the disk. */
  save(kept: number): SavedDisk {
    const { snapshot, clusterId, lives } = this;
    return { records: this.records.slice(0, this.durable + kept), snapshot, clusterId, lives };
  }

  canonical(now: number): string {
    const lazily = this.dueAt === Infinity ? '' : String(Math.max(0, this.dueAt - now));
    const isUrgent = this.waitedFor > this.durable;
    const flush = this.flushing === null ? '' : String(this.flushing - this.durable);
    const counts = `${this.durable}/${flush}/${lazily}/${isUrgent}`;
    return `${counts}/${this.lives}${canonicalRecords(this.records, this.snapshot)}`;
  }
}

const texts = new WeakMap<object, string>();

/** Equal objects have equal texts; made once for each. */
export function textOf(value: object): string {
  let text = texts.get(value);
  if (text === undefined) {
    text = JSON.stringify(value);
    texts.set(value, text);
  }
  return text;
}

export function canonicalRecords(
  records: readonly WalRecord[],
  snapshot: readonly Buffer[] | null,
): string {
  const behind = snapshot === null ? '' : snapshot.map(textOf).join('');
  return `${behind}:${records.map(textOf).join('')}`;
}
