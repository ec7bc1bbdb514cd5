/** How long one fdatasync of a small append takes in a folder: the floor under every write. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Latencies } from '../load/latencies.js';

const SYNCS = 1000;
const APPEND_BYTES = 512;
/** No disk is as fast: this is memory, or a disk that only says that it has synced. */
const LEAST_MS = 0.01;

export interface SyncTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Throws if they cost nothing. */
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
  const found = { p50Ms: times.percentileMs(50), p99Ms: times.percentileMs(99) };
  if (found.p50Ms >= LEAST_MS) return found;
  throw new Error(
    `an fdatasync in ${folder} takes ${found.p50Ms.toFixed(4)} ms: what is measured there means ` +
      `nothing. Name a folder on a disk: --folder DIR`,
  );
}
