/** How long one fdatasync of a small append takes in a folder: the floor under every write. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Latencies } from '../load/latencies.js';

const SYNCS = 1000;
const APPEND_BYTES = 512;

export interface SyncTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export function syncTimes(folder: string): SyncTimes {
  const path = join(folder, 'sync-probe');
  const file = openSync(path, 'w');
  const bytes = Buffer.alloc(APPEND_BYTES, 'x');
  const times = new Latencies();
  for (let count = 0; count < SYNCS; count += 1) {
    writeSync(file, bytes);
    const from = performance.now();
    fdatasyncSync(file);
    times.record(performance.now() - from);
  }
  closeSync(file);
  rmSync(path);
  return { p50Ms: times.percentileMs(50), p99Ms: times.percentileMs(99) };
}
