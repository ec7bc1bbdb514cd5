/** One thread of a hunt: takes seeds, or whole plans, a batch at a time until told to stop. */
import { parentPort } from 'node:worker_threads';
import { drawOptions, type SimOptions } from './options.js';
import { simulatePlan } from './run.js';
import { addResult, emptyTally } from './tally.js';

export type Batch =
  | { readonly seeds: readonly number[] }
  | { readonly plans: readonly SimOptions[] };

/** What is next. Null: there is no more. */
export type ToWorker = Batch | null;

/** Rejections that nobody handled since the run began: faults of the program. */
const stray: string[] = [];
process.on('unhandledRejection', (error) => {
  stray.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
});

async function runAll(batch: Batch): Promise<void> {
  const tally = emptyTally();
  const plans = 'plans' in batch ? batch.plans : batch.seeds.map((seed) => drawOptions(seed));
  for (const plan of plans) {
    stray.length = 0;
    const result = await simulatePlan(plan);
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
  else runAll(message).catch(fail);
});
