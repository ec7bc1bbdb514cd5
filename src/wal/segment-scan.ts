/** Reads segments of a folder from disk, and finds the one from which a restart begins. */
import type { Disk } from '../ports/disk.js';
import { FolderError, RotError } from './errors.js';
import { SEGMENT_HEADER_BYTES } from './format.js';
import { type FolderListing, segmentName, snapshotName } from './names.js';
import { chunksOf } from './read-ahead.js';
import { type OnRecord, SegmentReader, type TailVerdict } from './reader.js';
import type { WalRecord } from './record.js';

/** Records of one chunk are handled in one go, so it bounds how long nothing else is. */
const READ_BYTES = 256 * 1024;

export interface SegmentReading {
  readonly verdict: TailVerdict;
  readonly records: number;
  /** Whether at least the flush that began the segment is whole. */
  readonly hasWholeFlush: boolean;
  /** Where the newest flush begins: what stands before it had been synced before. */
  readonly lastFlush: number;
  /** Of the file, whatever the verdict. */
  readonly bytes: number;
  /** Of the segment before, as the header tells; 0 if it does not. */
  readonly previousBytes: number;
}

export async function readSegment(
  disk: Disk,
  segment: number,
  storeId: string,
  onRecord: OnRecord,
): Promise<SegmentReading> {
  const name = segmentName(segment);
  let records = 0;
  const reader = new SegmentReader({ storeId, segment }, (record, offset) => {
    records += 1;
    onRecord(record, offset);
  });
  let bytes = 0;
  for await (const chunk of chunksOf(disk, name, 0, READ_BYTES)) {
    reader.feed(chunk);
    bytes += chunk.length;
    if (reader.newer > 0) {
      const message = `${disk.path}/${name} is written by a later release (format ${reader.newer})`;
      throw new FolderError('newer-format', message);
    }
  }
  const verdict = reader.finish();
  const { hasWholeFlush, lastFlush } = reader;
  const previousBytes = reader.header?.previousBytes ?? 0;
  return { verdict, records, hasWholeFlush, lastFlush, bytes, previousBytes };
}

export interface Base {
  /** 1 in a folder without segments. */
  readonly base: number;
  readonly hasSnapshot: boolean;
  /** It begins with a `reset` whose snapshot never got its name. */
  readonly installing: boolean;
  /**
   * The last segment, if a crash tore it in the very flush that began it with a `state` or `reset`:
   * nothing in it counts. Else 0.
   */
  readonly tornRoll: number;
}

/** Throws RotError if a segment is missing from the base on. */
export async function findBase(disk: Disk, listing: FolderListing, storeId: string): Promise<Base> {
  const { segments, snapshots } = listing;
  const last = segments.at(-1) ?? 0;
  const orphan = snapshots.find((number) => number > last);
  if (orphan !== undefined) {
    throw new RotError(disk.path, segmentName(orphan), 0, `missing beside ${snapshotName(orphan)}`);
  }
  let tornRoll = 0;
  for (const segment of [...segments].reverse()) {
    const found = { base: segment, hasSnapshot: false, installing: false, tornRoll };
    if (snapshots.includes(segment))
      return checked(disk, segments, { ...found, hasSnapshot: true });
    const first = await firstRecord(disk, segment, storeId);
    if (first?.kind !== 'state' && first?.kind !== 'reset') continue;
    if (segment === last) {
      const { hasWholeFlush } = await readSegment(disk, segment, storeId, () => undefined);
      if (!hasWholeFlush) {
        tornRoll = segment;
        continue;
      }
    }
    const installing = first.kind === 'reset' && first.txid > 0;
    return checked(disk, segments, { ...found, installing });
  }
  const oldest = segments[0] ?? 1;
  if (oldest > 1) {
    const reason = 'it does not begin with a sound base record, and older segments are gone';
    throw new RotError(disk.path, segmentName(oldest), SEGMENT_HEADER_BYTES, reason);
  }
  return checked(disk, segments, { base: 1, hasSnapshot: false, installing: false, tornRoll });
}

function checked(disk: Disk, segments: readonly number[], base: Base): Base {
  const last = segments.at(-1) ?? 0;
  for (let segment = base.base; segment <= last; segment += 1) {
    if (segments.includes(segment)) continue;
    throw new RotError(disk.path, segmentName(segment), 0, 'this segment is missing');
  }
  return base;
}

/** The first record if it is sound. A `state` may be longer than one chunk. */
async function firstRecord(
  disk: Disk,
  segment: number,
  storeId: string,
): Promise<WalRecord | null> {
  const found: WalRecord[] = [];
  const reader = new SegmentReader({ storeId, segment }, (record) => {
    if (found.length === 0) found.push(record);
  });
  for (let offset = 0; found.length === 0 && !reader.isBad; offset += READ_BYTES) {
    const chunk = await disk.read(segmentName(segment), offset, READ_BYTES);
    if (chunk.length === 0) break;
    reader.feed(chunk);
  }
  return found[0] ?? null;
}
