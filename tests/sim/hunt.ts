/** Runs many seeds on all processors and adds up what they did. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { addTally, emptyTally, type Tally } from './tally.js';

export interface HuntOptions {
  readonly from: number;
  /** Infinity: until the time is over. */
  readonly count: number;
  readonly maxMs?: number;
  readonly onProgress?: (tally: Tally) => void;
  readonly workers?: number;
}

/** Seeds that a thread runs before it reports. */
const CHUNK = 20;
/** Most of what a seed makes is soon garbage. */
const YOUNG_GENERATION_MB = 64;
/** More failures tell nothing new. */
const MAX_FAILURES = 25;

export async function hunt(options: HuntOptions): Promise<Tally> {
  const tally = emptyTally();
  const deadline = performance.now() + (options.maxMs ?? Infinity);
  const end = options.from + options.count;
  let next = options.from;
  const take = (): number[] => {
    const isOver = performance.now() >= deadline || tally.failures.length >= MAX_FAILURES;
    const seeds: number[] = [];
    while (!isOver && next < end && seeds.length < CHUNK) {
      seeds.push(next);
      next += 1;
    }
    return seeds;
  };
  const threads = options.workers ?? availableParallelism();
  await Promise.all(
    Array.from({ length: threads }, () =>
      runThread(take, (part) => {
        addTally(tally, part);
        options.onProgress?.(tally);
      }),
    ),
  );
  return tally;
}

function runThread(take: () => number[], report: (part: Tally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const feed = (): void => {
      const seeds = take();
      worker.postMessage(seeds.length > 0 ? { seeds } : null);
    };
    worker.on('message', (part: Tally) => {
      report(part);
      feed();
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      resolve();
    });
    feed();
  });
}
