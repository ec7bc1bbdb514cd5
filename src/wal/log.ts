/**
 * The write-ahead log of a running process: takes records in order and makes them durable a flush
 * at a time.
 *
 * `append` numbers and encodes; `flush` writes everything appended before the call with one append
 * and one sync (two where a new segment begins) and keeps the meta file in step with the epochs and
 * views among the records. One flush at a time; what is appended meanwhile goes with the next.
 * The first failed write or sync ends the log for good: no call is retried, every later one rejects
 * with the first error. A full disk is no failure, see LogFullError.
 * Invariants: `syncedLsn` never covers a record that is not durable; a segment is begun only when
 * every record before it is durable; a flush's first record is flagged.
 */
import { assert } from '../base/assert.js';
import type { Lsn } from '../base/sync-gate.js';
import { type Disk, DiskError } from '../ports/disk.js';
import { encodeBody } from './codec.js';
import { LogFailedError, LogFullError, isGivenUp } from './errors.js';
import { Dropped, FlushBatch, type Item, type Roll, mergedMeta, metaOf } from './flush-batch.js';
import type { Meta, MetaFile } from './meta-file.js';
import { segmentName, snapshotName, sortNames } from './names.js';
import type { Adoption, WalRecord } from './record.js';
import type { Reserve } from './reserve.js';
import { SegmentFile, isFull } from './segment-file.js';

/** Flushes in a row that promise nothing: a 1 MiB file is written for each attempt. */
const RESERVE_TRIED_EVERY = 64;

export interface LogOptions {
  /** A segment that has grown beyond either is followed by the next one. */
  readonly segmentBytes: number;
  readonly segmentRecords: number;
}

export interface SegmentTotals {
  readonly bytes: number;
  readonly records: number;
}

export class Log {
  private pending: Item[] = [];
  private appended: Lsn = 0;
  private synced: Lsn = 0;
  private flushing = false;
  private flushesWithoutReserve = 0;
  private failure: LogFailedError | null = null;
  /**
   * Called the moment records from this one on are dropped for want of room, as LogFullError will
   * say at the end of the flush: who appends must know it before the next record.
   */
  onDropped: (fromLsn: Lsn) => void = () => undefined;

  constructor(
    readonly disk: Disk,
    private readonly options: LogOptions,
    private readonly parts: {
      readonly meta: MetaFile;
      readonly reserve: Reserve;
      /** Sizes of the segments that exist, from the base on. */
      readonly totals: Map<number, SegmentTotals>;
    },
    private current: SegmentFile,
    private base: number,
  ) {}

  get identity(): Meta['identity'] {
    return this.parts.meta.current.identity;
  }

  get appendedLsn(): Lsn {
    return this.appended;
  }

  get syncedLsn(): Lsn {
    return this.synced;
  }

  get failed(): LogFailedError | null {
    return this.failure;
  }

  /** Whether promises cannot be logged for now; the next flush that carries one tries again. */
  get isFull(): boolean {
    return !this.parts.reserve.isPresent;
  }

  get segment(): number {
    return this.current.segment;
  }

  get segmentBytesWritten(): number {
    return this.current.bytes;
  }

  get segmentRecordsWritten(): number {
    return this.current.records;
  }

  /** First segment that a restart would read, and what it would read from there on. */
  get baseSegment(): number {
    return this.base;
  }

  get logBytes(): number {
    return this.sum((totals) => totals.bytes) + this.current.bytes;
  }

  get logRecords(): number {
    return this.sum((totals) => totals.records) + this.current.records;
  }

  /** Running number of the record, from 1. Durable only when a flush says so. */
  append(record: WalRecord): Lsn {
    this.appended += 1;
    if (this.failure !== null) return this.appended;
    this.pending.push({ lsn: this.appended, record: encodeBody(record), meta: metaOf(record) });
    return this.appended;
  }

  /**
   * Begins a new segment behind the records appended so far; the preamble is not numbered. A later
   * flush carries it out and then resolves the promise with the segment's number.
   */
  roll(
    preamble: readonly WalRecord[],
    options: { readonly ready?: Promise<void>; readonly essential?: boolean } = {},
  ): Promise<number> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const { ready = Promise.resolve(), essential = false } = options;
    // An error of `ready` is seen by the flush that waits for it, which may be a while from now.
    ready.catch(() => undefined);
    return new Promise((resolve, reject) => {
      this.pending.push({
        preamble: preamble.map(encodeBody),
        meta: preamble.reduce((meta, record) => ({ ...meta, ...metaOf(record) }), {}),
        ready,
        essential,
        resolve,
        reject,
      });
    });
  }

  /** Resolves with the number of the newest durable record. */
  async flush(): Promise<Lsn> {
    assert(!this.flushing, 'one flush at a time');
    if (this.failure !== null) throw this.failure;
    const batch = new FlushBatch(this.pending);
    const { promises } = batch;
    const upTo = this.appended;
    this.pending = [];
    this.flushing = true;
    try {
      if (promises && !(await this.parts.reserve.restore())) {
        await this.flushWithoutRoom(batch, undefined);
      } else {
        await this.writeOrMakeRoom(batch);
      }
      this.synced = Math.max(this.synced, upTo);
      if (this.isReserveDue(promises)) await this.parts.reserve.restore();
      return this.synced;
    } catch (error) {
      throw error instanceof LogFullError ? error : this.fail(error, batch);
    } finally {
      this.flushing = false;
    }
  }

  /** Durable when it resolves. */
  async setIdentity({ clusterId, generation, overridden }: Adoption): Promise<void> {
    const identity = { ...this.identity, clusterId, generation };
    await this.guard(() => this.writeMeta({ identity, overridden }));
  }

  /** Declares the folder to be where it is: from now on it does not count as a copy. */
  async setOrigin(origin: string): Promise<void> {
    await this.guard(() => this.writeMeta({ origin }));
  }

  /** The log itself says by now from where on it is uncertain. */
  async clearTail(): Promise<void> {
    await this.guard(() => this.writeMeta({ tailFrom: 0 }));
  }

  /**
   * Removes older segments and snapshots. Only for a segment that begins with all there is to know:
   * a `state` or `reset` record, or one with a snapshot.
   */
  async removeBefore(segment: number): Promise<void> {
    assert(segment <= this.base, 'only what a restart would not read may go');
    await this.guard(async () => {
      const { segments, snapshots } = sortNames(await this.disk.list());
      const names = [
        ...segments.filter((number) => number < segment).map(segmentName),
        ...snapshots.filter((number) => number < segment).map(snapshotName),
      ];
      for (const name of names) {
        try {
          await this.disk.remove(name);
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
      }
      if (names.length > 0) await this.disk.syncFolder();
    });
  }

  /** From this segment on a restart finds everything. */
  moveBase(segment: number): void {
    this.base = Math.max(this.base, segment);
    for (const number of this.parts.totals.keys()) {
      if (number < this.base) this.parts.totals.delete(number);
    }
  }

  /** Runs a step on the folder; what goes wrong in it ends the log, unless nothing was changed. */
  async guard<T>(step: () => Promise<T>): Promise<T> {
    if (this.failure !== null) throw this.failure;
    try {
      return await step();
    } catch (error) {
      const isHarmless = isFull(error) || isGivenUp(error);
      throw isHarmless ? error : this.fail(error, null);
    }
  }

  /** What was not flushed is lost. */
  async close(): Promise<void> {
    assert(!this.flushing, 'a flush is not under way');
    this.failure ??= new LogFailedError('the log is closed');
    await this.current.close();
  }

  private sum(of: (totals: SegmentTotals) => number): number {
    let sum = 0;
    for (const totals of this.parts.totals.values()) sum += of(totals);
    return sum;
  }

  /** A log that never promises anything makes its reserve again as well, and can do without. */
  private isReserveDue(promises: boolean): boolean {
    if (promises) this.flushesWithoutReserve = 0;
    if (promises || !this.isFull) return false;
    this.flushesWithoutReserve += 1;
    return this.flushesWithoutReserve % RESERVE_TRIED_EVERY === 0;
  }

  private async writeOrMakeRoom(batch: FlushBatch): Promise<void> {
    try {
      await this.write(batch);
    } catch (error) {
      if (!isFull(error)) throw error;
      await this.flushWithoutRoom(batch, error);
    }
  }

  /** Writes what is left of the batch, piece by piece between segment boundaries. */
  private async write(batch: FlushBatch): Promise<void> {
    for (let item = batch.first; item !== undefined; item = batch.first) {
      if ('preamble' in item) {
        await this.beginSegment(item);
        batch.done(1);
        continue;
      }
      if (this.isSegmentFinished) await this.beginSegment(null);
      const entries = batch.leadingEntries();
      await this.current.write(entries.map(({ record }) => record));
      await this.keepMeta(mergedMeta(entries));
      batch.done(entries.length);
    }
  }

  private get isSegmentFinished(): boolean {
    const { segmentBytes, segmentRecords } = this.options;
    return this.current.bytes >= segmentBytes || this.current.records >= segmentRecords;
  }

  private async beginSegment(roll: Roll | null): Promise<void> {
    await roll?.ready;
    const old = this.current;
    const segment = old.segment + 1;
    const preamble = roll?.preamble ?? [];
    const header = { ...this.identity, segment, previousBytes: old.bytes };
    this.current = await SegmentFile.create(this.disk, header, preamble);
    this.parts.totals.set(old.segment, { bytes: old.bytes, records: old.records });
    await old.close();
    const first = preamble[0]?.kind;
    if (first === 'state' || first === 'reset') this.moveBase(segment);
    await this.keepMeta(roll?.meta ?? {});
    roll?.resolve(segment);
  }

  private async keepMeta(changes: Partial<Meta>): Promise<void> {
    if (Object.keys(changes).length > 0) await this.writeMeta(changes);
  }

  private async writeMeta(changes: Partial<Meta>): Promise<void> {
    const { meta, reserve } = this.parts;
    try {
      await meta.write(changes);
    } catch (error) {
      if (!isFull(error)) throw error;
      await reserve.release(() =>
        meta.write(changes).catch((again: unknown) => {
          // Not a matter of making room any more: the records that it belongs to are written.
          const text = `the meta file could not be written: ${String(again)}`;
          throw new LogFailedError(text, { cause: again });
        }),
      );
    }
  }

  /**
   * The disk is full: gives the reserve back, writes what must not be lost of everything appended
   * so far, and throws LogFullError if anything was dropped.
   */
  private async flushWithoutRoom(batch: FlushBatch, cause: unknown): Promise<void> {
    await this.parts.reserve.release();
    const dropped = new Dropped();
    do {
      batch.add(this.pending);
      this.pending = [];
      const before = dropped.count;
      batch.keep((item) => dropped.spares(item));
      if (dropped.count > before) this.onDropped(dropped.fromLsn);
      await this.write(batch);
    } while (this.pending.length > 0);
    this.synced = this.appended;
    const { fromLsn } = dropped;
    if (fromLsn > 0) throw new LogFullError(fromLsn, this.appended, { cause });
  }

  private fail(error: unknown, batch: FlushBatch | null): LogFailedError {
    if (this.failure === null) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the log in ${this.disk.path} failed and takes nothing more: ${reason}`;
      this.failure = new LogFailedError(message, { cause: error });
    }
    const items = [...(batch?.rest ?? []), ...this.pending];
    this.pending = [];
    for (const item of items) if ('preamble' in item) item.reject(this.failure);
    return this.failure;
  }
}

/** A checkpoint and an install that end together remove the same files. */
function isMissing(error: unknown): boolean {
  return error instanceof DiskError && error.code === 'missing';
}
