/**
 * What becomes of a plan that failed: its options and the command that repeats it are told, it is
 * made smaller, and the smallest that fails is kept in a folder that is not committed. The test
 * command repeats what lies there too, until a person takes it into the corpus or away.
 */
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { writePlan } from './corpus.js';
import { drawOptions, type SimOptions } from './options.js';
import { ofPlan, ofSeed, replayCommand } from './replay.js';
import { type Outcome, type RunPlan, shrink } from './shrink.js';
import { SimThread } from './thread.js';
import type { Failure } from './tally.js';

export const FAILED_SEEDS = join(PROJECT_ROOT, '.build', 'failed-seeds');

/** More failures tell nothing new; all are kept. */
export const MAX_TOLD = 25;
/** Each takes up to a minute. */
export const MAX_SHRUNK = 5;
const MAX_SHOWED_LENGTH = 200;

export interface Telling {
  readonly print: (line: string) => void;
  readonly run: RunPlan;
  /** Where plans are kept. */
  readonly folder: string;
}

/** A plan as it was run, and by which words it is found again. */
export interface FailedPlan {
  readonly which: string;
  readonly plan: SimOptions;
  readonly outcome: Outcome;
}

/** All that failed in a hunt; the smallest plans are looked for in a thread. */
export async function tellFailures(
  failures: readonly Failure[],
  print: (line: string) => void,
): Promise<void> {
  if (failures.length === 0) return;
  const thread = new SimThread();
  try {
    const run: RunPlan = (plan) => thread.runPlan(plan);
    await tellFailed(failures, { print, run, folder: FAILED_SEEDS });
  } finally {
    await thread.end();
  }
}

export async function tellFailed(failures: readonly Failure[], telling: Telling): Promise<void> {
  const { print, folder } = telling;
  for (const failure of failures) keepFailed(failure, folder);
  for (const [index, outcome] of failures.slice(0, MAX_TOLD).entries()) {
    const failed = {
      which: ofSeed(outcome.seed),
      plan: drawOptions(outcome.seed),
      outcome,
    };
    print(`seed ${outcome.seed} FAILED: ${outcome.violations[0] ?? ''}`);
    print(`  options ${JSON.stringify(failed.plan)}`);
    print(`  replay: ${replayCommand(failed.which)}`);
    if (index < MAX_SHRUNK) await tellSmallest(failed, telling);
    print(`  kept: ${toKeep(outcome.seed, folder)}`);
  }
  const untold = failures.length - MAX_TOLD;
  if (untold > 0) print(`and ${untold} more, kept in ${relative(PROJECT_ROOT, folder)}`);
}

/** As soon as it failed: a hunt may be ended before it has told of it. */
export function keepFailed({ seed, violations }: Failure, folder: string = FAILED_SEEDS): void {
  keep(drawOptions(seed), violations, folder);
}

/** Keeps it in the place of the whole one. */
export async function tellSmallest(failed: FailedPlan, telling: Telling): Promise<void> {
  const { print, run, folder } = telling;
  const { plan, reduction, outcome } = await shrink(failed.plan, failed.outcome, run);
  print(`  smallest plan found that fails: ${outcome.violations[0] ?? ''}`);
  for (const line of outcome.said) print(`    fault ${line}`);
  print(`  replay: ${replayCommand(failed.which, reduction)}`);
  keep(plan, outcome.violations, folder);
}

function keep(plan: SimOptions, violations: readonly string[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  const showed = (violations[0] ?? '').split('\n', 1).join('').slice(0, MAX_SHOWED_LENGTH);
  writePlan(fileOf(plan.seed, folder), { showed }, plan);
}

function fileOf(seed: number, folder: string): string {
  return join(folder, `${seed}.json`);
}

/** Where it is, and how it comes into the corpus. */
export function toKeep(seed: number, folder: string): string {
  const file = relative(PROJECT_ROOT, fileOf(seed, folder));
  return `${file}; into the corpus: npm run sim -- ${ofPlan(file)} --keep NAME --showed TEXT`;
}
