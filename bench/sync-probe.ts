/** How long one fdatasync of a small append takes in a folder: the floor under every write. */
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SYNCS = 400;
const APPEND_BYTES = 512;
/** `TMPFS_MAGIC` of statfs(2). */
const TMPFS = 0x0102_1994;

export interface SyncTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export function isInMemory(folder: string): boolean {
  return statfsSync(folder).type === TMPFS;
}

export function syncTimes(folder: string): SyncTimes {
  const path = join(folder, 'sync-probe');
  const file = openSync(path, 'w');
  const bytes = Buffer.alloc(APPEND_BYTES, 'x');
  const times: number[] = [];
  for (let count = 0; count < SYNCS; count += 1) {
    writeSync(file, bytes);
    const from = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - from);
  }
  closeSync(file);
  rmSync(path);
  times.sort((a, b) => a - b);
  const quantile = (q: number): number => Number((times[Math.floor(SYNCS * q)] ?? 0).toFixed(3));
  return { p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}
