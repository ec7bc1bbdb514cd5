/**
 * A file system of a few megabytes in memory, for tests of full disks. Needs the right to mount;
 * `undefined` says that this machine does not give it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHUNK_BYTES = 4096;
/** Whoever uses the disk may take some of the space meanwhile. */
const MAX_ATTEMPTS = 20;

export class SmallDisk {
  private constructor(readonly folder: string) {}

  static mount(megabytes: number): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'kv2pc-disk-'));
    const words = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'kv2pc-test', folder];
    if (spawnSync('mount', words, { stdio: 'ignore' }).status === 0) return new SmallDisk(folder);
    rmSync(folder, { recursive: true });
    return undefined;
  }

  /** Takes all space that is left, but for so many bytes. */
  fill(butBytes = 0): void {
    for (let attempt = 1; ; attempt += 1) {
      const { bavail, bsize } = statfsSync(this.folder);
      const bytes = Math.max(0, bavail * bsize - butBytes);
      try {
        writeFileSync(this.#ballast, Buffer.alloc(bytes - (bytes % CHUNK_BYTES)));
        return;
      } catch (error) {
        this.free();
        if (attempt === MAX_ATTEMPTS || !isDiskFull(error)) throw error;
      }
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Lazily, so that processes which still use it are no obstacle. */
  unmount(): void {
    spawnSync('umount', ['-l', this.folder], { stdio: 'ignore' });
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}
