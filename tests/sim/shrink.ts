/**
 * Finds a smaller plan that still fails: fewer faults, fewer clients. Leaving something out changes
 * everything that is drawn after it, so each candidate is simply run.
 */
import { drawOptions, type Reduction } from './options.js';
import { simulate, type SimResult } from './run.js';

const MAX_RUNS = 120;

export interface Shrunk {
  readonly reduction: Reduction;
  readonly result: SimResult;
}

export async function shrink(seed: number, first: SimResult): Promise<Shrunk> {
  let best: Shrunk = { reduction: {}, result: first };
  let runs = 0;
  const attempt = async (reduction: Reduction): Promise<boolean> => {
    if (runs >= MAX_RUNS) return false;
    runs += 1;
    const result = await simulate(seed, reduction);
    if (result.violations.length === 0) return false;
    best = { reduction, result };
    return true;
  };
  const planned = drawOptions(seed).faults.length;
  for (let size = planned; size >= 1; size = Math.floor(size / 2)) {
    await dropFaults(planned, size, () => best.reduction, attempt);
  }
  for (let clients = 1; clients < first.options.clients; clients += 1) {
    if (await attempt({ ...best.reduction, clients })) break;
  }
  return best;
}

/** Tries to do without each run of `size` faults that are still there. */
async function dropFaults(
  planned: number,
  size: number,
  reduction: () => Reduction,
  attempt: (reduction: Reduction) => Promise<boolean>,
): Promise<void> {
  for (let start = 0; start < planned; start += size) {
    const { without = [] } = reduction();
    const more = Array.from({ length: size }, (_none, index) => start + index).filter(
      (index) => index < planned && !without.includes(index),
    );
    if (more.length > 0) await attempt({ ...reduction(), without: [...without, ...more] });
  }
}

/** What to type to see it again. */
export function replayCommand(seed: number, { without = [], clients }: Reduction): string {
  const parts = [`npm run sim -- --seed ${seed}`];
  if (without.length > 0) parts.push(`--without ${without.join(',')}`);
  if (clients !== undefined) parts.push(`--clients ${clients}`);
  return `${parts.join(' ')} --trace`;
}
