/** One thread of a hunt: takes seeds one at a time until it is told to stop. */
import { parentPort } from 'node:worker_threads';
import { simulate } from './run.js';
import { addResult, emptyTally } from './tally.js';

/** The next seeds. Null: there are no more. */
export type ToWorker = { readonly seeds: readonly number[] } | null;

/** Rejections that nobody handled since the seed began: faults of the program. */
const stray: string[] = [];
process.on('unhandledRejection', (error) => {
  stray.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
});

async function runAll(seeds: readonly number[]): Promise<void> {
  const tally = emptyTally();
  for (const seed of seeds) {
    stray.length = 0;
    const result = await simulate(seed);
    addResult(tally, { ...result, violations: result.violations.concat(stray) });
  }
  parentPort?.postMessage(tally);
}

/** Ends the thread, and the hunt with it. */
function fail(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

parentPort?.on('message', (message: ToWorker) => {
  if (message === null) parentPort?.close();
  else runAll(message.seeds).catch(fail);
});
