/**
 * A file of known size that exists to be removed. A participant that votes YES promises to log the
 * outcome; when the disk is full this file's space is what that promise is kept with.
 *
 * While the reserve is missing nothing may be promised, so it is made again before the next
 * promise is logged. Making and removing it take turns.
 */
import { type Disk, DiskError } from '../ports/disk.js';
import { RESERVE_FILE } from './names.js';

/** Room for thousands of outcomes, a few views and both meta slots. */
export const RESERVE_BYTES = 1024 * 1024;

export class Reserve {
  /** Asked for and not yet done. */
  private releases = 0;
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly disk: Disk,
    private present: boolean,
  ) {}

  static async open(disk: Disk): Promise<Reserve> {
    const names = await disk.list();
    const whole = names.includes(RESERVE_FILE) && (await disk.size(RESERVE_FILE)) >= RESERVE_BYTES;
    return new Reserve(disk, whole);
  }

  get isPresent(): boolean {
    return this.present;
  }

  /** False when there is no room for it. */
  async restore(): Promise<boolean> {
    return this.present || this.inTurn(() => this.make());
  }

  private async make(): Promise<boolean> {
    if (this.present) return true;
    try {
      await this.removeFile();
      await this.makeFile();
    } catch (error) {
      if (!(error instanceof DiskError && error.code === 'full')) throw error;
      return false;
    }
    await this.disk.syncFolder();
    this.present = this.releases === 0;
    return this.present;
  }

  /** Also the name may find no room. */
  private async makeFile(): Promise<void> {
    const file = await this.disk.create(RESERVE_FILE);
    try {
      await file.append([Buffer.alloc(RESERVE_BYTES)]);
      await file.sync();
    } catch (error) {
      await file.truncate(0);
      throw error;
    } finally {
      await file.close();
    }
  }

  /** Gives the space back, for `use` first of all: it is not made again before that is done. */
  async release(use?: () => Promise<void>): Promise<void> {
    this.present = false;
    this.releases += 1;
    try {
      await this.inTurn(async () => {
        if (await this.removeFile()) await this.disk.syncFolder();
        await use?.();
      });
    } finally {
      this.releases -= 1;
    }
  }

  private inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(step);
    this.turn = turn.catch(() => undefined);
    return turn;
  }

  private async removeFile(): Promise<boolean> {
    const names = await this.disk.list();
    const isThere = names.includes(RESERVE_FILE);
    if (isThere) await this.disk.remove(RESERVE_FILE);
    return isThere;
  }
}
