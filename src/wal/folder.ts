/**
 * A data folder from its opening to the moment when its log takes new records.
 *
 * Three steps, of which only the last changes a folder that was used before: `openFolder` says
 * whose it is; `replay` tells what it holds; `start` makes durable what was told, cuts a torn tail,
 * removes leftovers of a crash and begins a new segment. A crash anywhere in between changes
 * nothing that a next start would find. What `replay` tells may be in the page cache alone, left
 * there by a process that was killed before its sync or that ended because a sync failed: nobody
 * may act on it before `start` has resolved. The base is the newest segment from which a restart
 * finds everything: one with a snapshot, or one that begins with a `state` or `reset` record.
 * Everything older is left over.
 */
import { assert } from '../base/assert.js';
import type { Epoch, StoreId, TxId, View } from '../base/ids.js';
import type { Disk } from '../ports/disk.js';
import type { SnapshotHeader } from '../storage/snapshot-header.js';
import type { Table } from '../storage/table.js';
import { ContradictionError, FolderError, ReplayError, RotError } from './errors.js';
import { LENGTH_MODULUS } from './format.js';
import { Log, type LogOptions, type SegmentTotals } from './log.js';
import { MetaFile } from './meta-file.js';
import { type FolderListing, segmentName, snapshotName, sortNames } from './names.js';
import type { FolderIdentity, WalRecord } from './record.js';
import { Reserve } from './reserve.js';
import { SegmentFile, isFull } from './segment-file.js';
import { type SegmentReading, findBase, readSegment } from './segment-scan.js';
import { readSnapshot } from './snapshot-file.js';

export interface FolderOptions extends LogOptions {
  readonly role: FolderIdentity['role'];
  readonly newStoreId: () => StoreId;
  /**
   * Names the place: machine id, device, inode. A folder that remembers another place is a copy.
   */
  readonly origin: string;
}

export interface ReplayHandlers {
  /** Comes first, if at all. */
  readonly onSnapshot: (header: SnapshotHeader, table: Table) => void;
  /** A ReplayError of it is passed on as a ContradictionError, which names the segment. */
  readonly onRecord: (record: WalRecord) => void;
}

export interface CutTail {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /** False: zeros only, so nothing was ever written there. */
  readonly nonZero: boolean;
}

export interface ReplayOutcome {
  readonly records: number;
  readonly segments: number;
  readonly bytes: number;
  /** The records end here; `start` will cut what follows. */
  readonly tail: CutTail | null;
  /**
   * The snapshot of the newest `reset` is missing: an install was cut off, the folder counts as
   * empty. Only epochs and views were told.
   */
  readonly installing: boolean;
}

/** Opens a folder that this process has locked. Makes and syncs its identity if it is new. */
export async function openFolder(disk: Disk, options: FolderOptions): Promise<OpenedFolder> {
  const { role, origin } = options;
  const listing = sortNames(await disk.list());
  const isUsed = listing.segments.length > 0 || listing.snapshots.length > 0;
  let meta = await MetaFile.load(disk, isUsed);
  const fresh = meta === null;
  if (meta === null) {
    const identity = { role, storeId: options.newStoreId(), clusterId: '', generation: 0 };
    meta = await MetaFile.create(disk, { identity, epoch: null, view: null, origin });
  }
  const { identity, epoch } = meta.current;
  if (identity.role !== role) {
    const message = `${disk.path} is the data folder of a ${identity.role}, not of a ${role}`;
    throw new FolderError('wrong-role', message);
  }
  if (!isUsed && epoch !== null) {
    throw new RotError(disk.path, segmentName(1), 0, 'the log is missing');
  }
  return new OpenedFolder(disk, options, meta, listing, fresh);
}

export class OpenedFolder {
  private base = 1;
  private replayed: ReplayOutcome | null = null;
  /** Of the last segment, where its newest flush begins. */
  private lastFlush = 0;
  private readonly totals = new Map<number, SegmentTotals>();

  constructor(
    readonly disk: Disk,
    private readonly options: FolderOptions,
    private readonly meta: MetaFile,
    private readonly listing: FolderListing,
    /** Made just now: nothing was ever here. */
    readonly fresh: boolean,
  ) {}

  get identity(): FolderIdentity {
    return this.meta.current.identity;
  }

  /** The newest epoch and view promised here, whatever became of the log's tail. */
  get epochHint(): Epoch | null {
    return this.meta.current.epoch;
  }

  get viewHint(): View | null {
    return this.meta.current.view;
  }

  /** Not 0: an earlier start found the log uncertain from here on, and died before it logged it. */
  get tailHint(): TxId {
    return this.meta.current.tailFrom ?? 0;
  }

  /** All that is here counts as nothing; see `Meta.overridden`. */
  get isOverridden(): boolean {
    return this.meta.current.overridden ?? false;
  }

  /** The folder was written elsewhere: restored or copied. Until `Log.setOrigin` it stays so. */
  get isCopy(): boolean {
    return this.meta.current.origin !== this.options.origin;
  }

  /**
   * Tells everything from the base on. Throws RotError, FolderError or ContradictionError, having
   * changed nothing.
   */
  async replay(handlers: ReplayHandlers): Promise<ReplayOutcome> {
    const { disk, listing } = this;
    const { storeId } = this.identity;
    const found = await findBase(disk, listing, storeId);
    this.base = found.base;
    if (found.hasSnapshot) {
      const { header, table } = await readSnapshot(disk, found.base, storeId);
      handlers.onSnapshot(header, table);
    }
    let records = 0;
    let bytes = 0;
    let tail: CutTail | null = null;
    const tell = (record: WalRecord, segment: number): void => {
      records += 1;
      const promise = record.kind === 'epoch' || record.kind === 'view';
      if (!found.installing || promise) this.hand(record, segment, handlers);
    };
    const segments = listing.segments.filter((segment) => segment >= found.base);
    for (const segment of segments) {
      const isTornRoll = segment === found.tornRoll;
      const reading = await readSegment(disk, segment, storeId, (record) => {
        if (!isTornRoll) tell(record, segment);
      });
      this.lastFlush = reading.lastFlush;
      this.compareLength(segment, reading.previousBytes);
      const isLast = segment === segments.at(-1);
      const isRot = reading.verdict.tail === 'rot';
      tail = this.judge(segment, isTornRoll && !isRot ? wholeFile(reading) : reading, isLast);
      const kept = tail === null ? reading.bytes : tail.offset;
      this.totals.set(segment, { bytes: kept, records: reading.records });
      bytes += kept;
    }
    const { installing } = found;
    this.replayed = { records, segments: segments.length, bytes, tail, installing };
    return this.replayed;
  }

  /**
   * Opens the log for new records; `replay` has resolved. `tailFrom`, if not 0, is what `tailHint`
   * will say until `Log.clearTail`: it is durable before the tail that is the reason for it is cut.
   */
  async start(tailFrom: TxId = 0): Promise<Log> {
    const { disk, meta } = this;
    assert(this.replayed !== null, 'a folder is replayed before its log is started');
    const reserve = await Reserve.open(disk);
    const { tail } = this.replayed;
    await makingRoom(reserve, () => meta.refresh());
    if (tailFrom > 0 && tailFrom !== this.tailHint) {
      await makingRoom(reserve, () => meta.write({ tailFrom }));
    }
    await makingRoom(reserve, () => this.settleLastSegment(tail));
    await this.removeLeftovers();
    const last = await this.removeUnusedSegment();
    const segment = last + 1;
    const previousBytes = this.totals.get(last)?.bytes ?? 0;
    const current = await makingRoom(reserve, () =>
      SegmentFile.create(disk, { ...this.identity, segment, previousBytes }, []),
    );
    await reserve.restore();
    if (this.totals.size === 0) this.base = segment;
    return new Log(disk, this.options, { meta, reserve, totals: this.totals }, current, this.base);
  }

  private hand(record: WalRecord, segment: number, { onRecord }: ReplayHandlers): void {
    try {
      onRecord(record);
    } catch (error) {
      if (!(error instanceof ReplayError)) throw error;
      throw new ContradictionError(this.disk.path, segment, error);
    }
  }

  /** Whether the segment before is as long as it was when this one was begun. */
  private compareLength(segment: number, previousBytes: number): void {
    const bytes = this.totals.get(segment - 1)?.bytes;
    if (bytes === undefined || previousBytes === 0) return;
    if (bytes % LENGTH_MODULUS === previousBytes) return;
    const reason = `it had ${previousBytes} bytes when ${segmentName(segment)} was begun`;
    throw new RotError(this.disk.path, segmentName(segment - 1), bytes, reason);
  }

  /**
   * What must be cut off this segment's end, if anything; throws where a cut would lose records.
   */
  private judge(segment: number, reading: SegmentReading, isLast: boolean): CutTail | null {
    const { verdict, bytes } = reading;
    const file = segmentName(segment);
    const offset = verdict.tail === 'clean' ? bytes : verdict.offset;
    if (verdict.tail === 'rot') throw new RotError(this.disk.path, file, offset, verdict.reason);
    if (!reading.hasWholeFlush && this.listing.snapshots.includes(segment)) {
      const reason = 'its first flush was durable before its snapshot';
      throw new RotError(this.disk.path, file, offset, reason);
    }
    if (verdict.tail === 'clean') return null;
    if (!isLast) {
      throw new RotError(this.disk.path, file, offset, 'a segment before the last one is cut off');
    }
    const nonZero = verdict.tail === 'torn' && verdict.nonZero;
    return { file, offset, bytes: bytes - offset, nonZero };
  }

  /**
   * Cuts the tail and makes durable what stays, with the names that were found. Only the newest
   * flush can have missed its sync: every other one was followed by another.
   */
  private async settleLastSegment(tail: CutTail | null): Promise<void> {
    const { disk, listing } = this;
    const last = listing.segments.at(-1);
    if (tail !== null && tail.offset > 0) {
      const file = await disk.open(tail.file);
      await file.truncate(tail.offset);
      await file.close();
    }
    if (last !== undefined && tail?.offset !== 0) {
      await disk.refresh(segmentName(last), this.lastFlush);
    }
    await disk.syncFolder();
  }

  private async removeLeftovers(): Promise<void> {
    const { disk, listing, base } = this;
    const names = [
      ...listing.temporary,
      ...listing.snapshots.filter((number) => number !== base).map(snapshotName),
      ...listing.segments.filter((number) => number < base).map(segmentName),
    ];
    for (const name of names) await disk.remove(name);
    if (names.length > 0) await disk.syncFolder();
  }

  /** A last segment without a record only makes the folder longer. Returns the last that stays. */
  private async removeUnusedSegment(): Promise<number> {
    const last = this.listing.segments.at(-1) ?? 0;
    const { tail, installing } = this.replayed ?? { tail: null, installing: false };
    const isUnused = this.totals.get(last)?.records === 0 || tail?.offset === 0;
    const isBase = last === this.base && (installing || this.listing.snapshots.includes(last));
    if (last === 0 || !isUnused || isBase) return last;
    await this.disk.remove(segmentName(last));
    await this.disk.syncFolder();
    this.totals.delete(last);
    return last - 1;
  }
}

/** What cannot be done on a full disk is done again in the space that the reserve gives back. */
async function makingRoom<T>(reserve: Reserve, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!isFull(error)) throw error;
    await reserve.release();
    return step();
  }
}

function wholeFile(reading: SegmentReading): SegmentReading {
  return { ...reading, records: 0, verdict: { tail: 'torn', offset: 0, nonZero: true } };
}
