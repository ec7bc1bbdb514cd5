/** One plan alone: its transcript on request, its verdict, and the smallest of it that fails. */
import { FAILED_SEEDS, type FailedPlan, tellSmallest, toKeep } from './failed-seeds.js';
import { reduced, type Reduction, type SimOptions } from './options.js';
import { simulatePlan } from './run.js';
import { addResult, emptyTally, tallyLines } from './tally.js';

export interface Chosen {
  /** As the command line names it. */
  readonly which: string;
  readonly plan: SimOptions;
  readonly reduction: Reduction;
}

type Print = (line: string) => void;

/** Whether it passed. */
export async function runOne(chosen: Chosen, isTraced: boolean, print: Print): Promise<boolean> {
  const { which, reduction } = chosen;
  const plan = reduced(chosen.plan, reduction);
  const result = await simulatePlan(plan, isTraced);
  for (const line of result.transcript) print(line);
  print(`options ${JSON.stringify(plan)}`);
  for (const line of result.said) print(`fault ${line}`);
  const tally = emptyTally();
  addResult(tally, result);
  for (const line of tallyLines(tally, 1)) print(line);
  for (const violation of result.violations) print(`VIOLATION ${violation}`);
  if (result.violations.length === 0) return true;
  const isWhole = Object.keys(reduction).length === 0;
  if (isWhole && !isTraced) await shrinkOne({ which, plan, outcome: result }, print);
  return false;
}

async function shrinkOne(failed: FailedPlan, print: Print): Promise<void> {
  await tellSmallest(failed, { print, run: simulatePlan, folder: FAILED_SEEDS });
  print(`  kept: ${toKeep(failed.plan.seed, FAILED_SEEDS)}`);
}
