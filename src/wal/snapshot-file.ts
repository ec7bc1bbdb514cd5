/**
 * Snapshot files: written beside the log under a temporary name, and renamed only when whole and
 * durable, so that a file with the final name is always complete. A snapshot with number N is the
 * state before the first record of segment N.
 *
 * Two writers: a checkpoint of our own state, for which the log only begins a new segment, and an
 * install of somebody else's, for which that segment begins with a `reset` that voids what is
 * older. A crash at any point leaves either the older base or the new one (or, between the reset
 * and the rename, a folder that counts as empty). Reading is the business of `readSnapshot`.
 */
import { assert } from '../base/assert.js';
import type { StoreId } from '../base/ids.js';
import type { Disk, DiskFile } from '../ports/disk.js';
import { SnapshotError, SnapshotLoader, frameLength } from '../storage/snapshot.js';
import { RotError, SnapshotFullError, isGivenUp } from './errors.js';
import { SNAPSHOT_OWNER_BYTES } from './format.js';
import type { Log } from './log.js';
import { CHECKPOINT_TEMP, INSTALL_TEMP, snapshotName } from './names.js';
import { chunksOf } from './read-ahead.js';
import type { WalRecord } from './record.js';
import { isFull } from './segment-file.js';
import { encodeOwner, ownerOf } from './snapshot-owner.js';

/** Synced every so often: one large sync at the end would hold up the log's own. */
const SYNC_BYTES = 8 * 1024 * 1024;

const READ_BYTES = 1024 * 1024;

/** A temporary file that grows; `sync` is only due for what the last one did not cover. */
class TemporaryFile {
  private unsynced = 0;

  private constructor(
    private readonly disk: Disk,
    private readonly file: DiskFile,
  ) {}

  static async create({ disk, identity }: Log, name: string): Promise<TemporaryFile> {
    if ((await disk.list()).includes(name)) await disk.remove(name);
    const created = new TemporaryFile(disk, await disk.create(name));
    await created.append([encodeOwner(identity.storeId)]);
    return created;
  }

  async append(frames: readonly Buffer[]): Promise<void> {
    await this.file.append(frames);
    this.unsynced += frames.reduce((sum, frame) => sum + frame.length, 0);
    if (this.unsynced >= SYNC_BYTES) await this.sync();
  }

  async sync(): Promise<void> {
    await this.file.sync();
    this.unsynced = 0;
  }

  /** The file must be synced. */
  async rename(name: string): Promise<void> {
    await this.file.close();
    await this.disk.rename(this.file.name, name);
    await this.disk.syncFolder();
  }

  async discard(): Promise<void> {
    await this.file.close();
    await this.disk.remove(this.file.name);
  }
}

/**
 * Makes the present state the log's new base: begins a segment with the preamble, writes the frames
 * with pauses between them while the log goes on, then removes what is older. The caller goes on
 * flushing (the new segment is begun by a flush) and calls this in the step in which it took
 * snapshot and preamble.
 * Rejects with SnapshotFullError if there is no room, and with TableDamagedError if the frames end
 * in it; then nothing is lost and nothing gained.
 */
export async function writeCheckpoint(
  log: Log,
  preamble: readonly WalRecord[],
  frames: Iterator<Buffer>,
  pause: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  assert(preamble.length > 0, 'a segment without a flush would pass for one that lost it');
  const rolled = log.roll(preamble);
  rolled.catch(() => undefined);
  await log.guard(async () => {
    const file = await writing(TemporaryFile.create(log, CHECKPOINT_TEMP));
    try {
      for (let next = frames.next(); next.done !== true; next = frames.next()) {
        await writing(file.append([next.value]));
        await pause();
      }
      await file.sync();
    } catch (error) {
      if (isGivenUp(error)) await file.discard();
      throw error;
    }
    await finishCheckpoint(log, file, rolled);
  });
}

async function finishCheckpoint(
  log: Log,
  file: TemporaryFile,
  rolled: Promise<number>,
): Promise<void> {
  let segment: number;
  try {
    segment = await rolled;
  } catch (error) {
    if (error instanceof SnapshotFullError) await file.discard();
    throw error;
  }
  if (segment < log.baseSegment) {
    // An install has replaced the state meanwhile.
    await file.discard();
    return;
  }
  await file.rename(snapshotName(segment));
  log.moveBase(segment);
  await log.removeBefore(segment);
}

async function writing<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    if (!isFull(error)) throw error;
    throw new SnapshotFullError('no space left for a snapshot', { cause: error });
  }
}

/** Takes a snapshot that comes from elsewhere. One at a time. */
export class InstallWriter {
  private constructor(
    private readonly log: Log,
    private readonly file: TemporaryFile,
  ) {}

  static begin(log: Log): Promise<InstallWriter> {
    return log.guard(async () => {
      const file = await writing(TemporaryFile.create(log, INSTALL_TEMP));
      return new InstallWriter(log, file);
    });
  }

  /** Rejects with SnapshotFullError if there is no room: `discard` then. */
  append(frames: readonly Buffer[]): Promise<void> {
    return this.log.guard(() => writing(this.file.append(frames)));
  }

  /**
   * Replaces all that the folder holds. `preamble` begins with a `reset`; records appended after
   * this call belong to the new state. Resolves when only the new state can be found again.
   */
  async finish(preamble: readonly WalRecord[]): Promise<void> {
    const ready = this.log.guard(() => this.file.sync());
    const rolled = this.log.roll(preamble, { ready, essential: true });
    const segment = await rolled;
    await this.log.guard(async () => {
      await this.file.rename(snapshotName(segment));
      await this.log.removeBefore(segment);
    });
  }

  discard(): Promise<void> {
    return this.log.guard(() => this.file.discard());
  }
}

/** Loads a snapshot file frame by frame. Throws RotError with the offset of the bad frame. */
export async function readSnapshot(
  disk: Disk,
  segment: number,
  storeId: StoreId,
): Promise<SnapshotLoader> {
  const name = snapshotName(segment);
  const loader = new SnapshotLoader();
  let offset = 0;
  try {
    const owner = ownerOf(await disk.read(name, 0, SNAPSHOT_OWNER_BYTES));
    if (owner !== null && owner !== storeId) {
      throw new SnapshotError(`this is a snapshot of store ${owner}`);
    }
    if (owner !== null) offset = SNAPSHOT_OWNER_BYTES;
    for await (const frame of framesOf(disk, name, offset)) {
      loader.feed(frame);
      offset += frame.length;
    }
    loader.finish();
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new RotError(disk.path, name, offset, error.message);
  }
  return loader;
}

async function* framesOf(disk: Disk, name: string, start: number): AsyncGenerator<Buffer> {
  let buffered: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(disk, name, start, READ_BYTES)) {
    buffered = Buffer.concat([buffered, chunk]);
    for (let length = frameLength(buffered); length !== null; length = frameLength(buffered)) {
      if (buffered.length < length) break;
      yield buffered.subarray(0, length);
      buffered = buffered.subarray(length);
    }
  }
  if (buffered.length > 0) throw new SnapshotError('the last frame is cut off');
}
