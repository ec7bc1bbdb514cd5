/**
 * A thread that runs seeds or plans for whoever asks, one at a time: rejections that nobody handled
 * are then found in the verdict, as in a hunt. The program may be a copy with a rule broken.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import type { SimOptions } from './options.js';
import type { Outcome } from './shrink.js';
import type { Tally } from './tally.js';
import type { Batch } from './worker.js';

const PASSED: Outcome = { violations: [], said: [] };

export class SimThread {
  private readonly worker: Worker;

  /** `compiled`: the folder that holds the compiled `src` and `tests`. */
  constructor(compiled: string = join(PROJECT_ROOT, 'dist')) {
    this.worker = new Worker(pathToFileURL(join(compiled, 'tests/sim/worker.js')));
  }

  runSeed(seed: number): Promise<Outcome> {
    return this.run({ seeds: [seed] });
  }

  runPlan(plan: SimOptions): Promise<Outcome> {
    return this.run({ plans: [plan] });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private run(batch: Batch): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.worker.once('error', reject);
      this.worker.once('message', ({ failures }: Tally) => {
        this.worker.off('error', reject);
        resolve(failures[0] ?? PASSED);
      });
      this.worker.postMessage(batch);
    });
  }
}
