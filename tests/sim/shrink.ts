/**
 * Finds a smaller plan that still fails: fewer faults, fewer clients. Leaving something out changes
 * everything that happens after it, so each candidate is simply run; how, it does not know. What it
 * returns has failed.
 */
import { reduced, type Reduction, type SimOptions } from './options.js';

/** What a run of a plan came to. */
export interface Outcome {
  /** None: it passed. */
  readonly violations: readonly string[];
  /** What the faults did, with their times. */
  readonly said: readonly string[];
}

export type RunPlan = (plan: SimOptions) => Promise<Outcome>;

export interface Shrunk {
  readonly reduction: Reduction;
  readonly plan: SimOptions;
  readonly outcome: Outcome;
}

type Attempt = (reduction: Reduction) => Promise<boolean>;

const MAX_RUNS = 120;

/** `first`: what the whole plan came to, which failed. */
export async function shrink(plan: SimOptions, first: Outcome, run: RunPlan): Promise<Shrunk> {
  let best: Shrunk = { reduction: {}, plan, outcome: first };
  let runs = 0;
  const attempt: Attempt = async (reduction) => {
    if (runs >= MAX_RUNS) return false;
    runs += 1;
    const smaller = reduced(plan, reduction);
    const outcome = await run(smaller);
    if (outcome.violations.length === 0) return false;
    best = { reduction, plan: smaller, outcome };
    return true;
  };
  const planned = plan.faults.length;
  for (let size = planned; size >= 1; size = Math.floor(size / 2)) {
    await dropFaults(planned, size, () => best.reduction, attempt);
  }
  for (let clients = 1; clients < plan.clients; clients += 1) {
    if (await attempt({ ...best.reduction, clients })) break;
  }
  return best;
}

/** Tries to do without each run of `size` faults that are still there. */
async function dropFaults(
  planned: number,
  size: number,
  reduction: () => Reduction,
  attempt: Attempt,
): Promise<void> {
  for (let start = 0; start < planned; start += size) {
    const { without = [] } = reduction();
    const more = Array.from({ length: size }, (_none, index) => start + index).filter(
      (index) => index < planned && !without.includes(index),
    );
    if (more.length > 0) await attempt({ ...reduction(), without: [...without, ...more] });
  }
}
