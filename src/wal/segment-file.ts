/**
 * The segment that is being written: one open file, its place and its counts. A write either is
 * durable when it resolves, or has left nothing behind (no room), or has failed for good.
 */
import { type Disk, type DiskFile, DiskError } from '../ports/disk.js';
import { batchChunks } from './batch.js';
import type { EncodedRecord } from './codec.js';
import { segmentName } from './names.js';
import { type SegmentHeader, encodeSegmentHeader } from './segment-header.js';

export function isFull(error: unknown): boolean {
  return error instanceof DiskError && error.code === 'full';
}

/**
 * Takes back what found no room. Some file systems need room for that too: what is left then is
 * half a write, behind which nothing may follow, so it is not the full disk that is told of.
 */
async function undo(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    const text = `the disk is full, and what was begun cannot be taken back: ${String(error)}`;
    throw new DiskError('io', text, { cause: error });
  }
}

export class SegmentFile {
  records = 0;

  private constructor(
    private readonly file: DiskFile,
    private readonly storeId: string,
    readonly segment: number,
  ) {}

  get bytes(): number {
    return this.file.size;
  }

  /**
   * A new segment that holds its header and these records, durable with its name. Without room
   * there is no new segment, durably, and the error is passed on.
   */
  static async create(
    disk: Disk,
    header: SegmentHeader,
    records: readonly EncodedRecord[],
  ): Promise<SegmentFile> {
    const { storeId, segment } = header;
    const file = await disk.create(segmentName(segment));
    const encoded = encodeSegmentHeader(header);
    const chunks = batchChunks(records, { storeId, segment, offset: encoded.length });
    try {
      await file.append([encoded, ...chunks]);
    } catch (error) {
      if (isFull(error)) {
        await undo(async () => {
          await file.close();
          await disk.remove(segmentName(segment));
          await disk.syncFolder();
        });
      }
      throw error;
    }
    await file.sync();
    await disk.syncFolder();
    const created = new SegmentFile(file, storeId, segment);
    created.records = records.length;
    return created;
  }

  /**
   * Without room the file is cut back to its last good end, durably, and the error is passed on.
   */
  async write(records: readonly EncodedRecord[]): Promise<void> {
    const { storeId, segment } = this;
    const offset = this.file.size;
    try {
      await this.file.append(batchChunks(records, { storeId, segment, offset }));
    } catch (error) {
      if (isFull(error)) {
        await undo(async () => {
          await this.file.truncate(offset);
          await this.file.sync();
        });
      }
      throw error;
    }
    await this.file.sync();
    this.records += records.length;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
