/**
 * Another seed for a kept plan that a change of the program has led past what it guards: with it
 * the plan fails again without each of its rules, and holds with them.
 */
import { join } from 'node:path';
import { harmIn } from './controls.js';
import { CORPUS, readPlan, writePlan } from './corpus.js';
import { controlNamed } from './kept-controls.js';
import type { SimOptions } from './options.js';
import { simulatePlan } from './run.js';

/** Each takes up to a few seconds. */
const MAX_SEEDS = 400;
const PROGRESS_EVERY_SEEDS = 50;

/** The plan's own seed if it serves, else the first one from 1 on; null if none does. */
export async function servingSeed(
  plan: SimOptions,
  serves: (plan: SimOptions) => Promise<boolean>,
): Promise<number | null> {
  const others = Array.from({ length: MAX_SEEDS }, (_none, index) => index + 1);
  for (const seed of [plan.seed, ...others]) {
    if (await serves({ ...plan, seed })) return seed;
  }
  return null;
}

/** Whether the plan of this name serves now; its file is written anew where it did not. */
export async function reseed(name: string, print: (line: string) => void): Promise<boolean> {
  const { note, options } = readPlan(name);
  const controls = (note.controls ?? []).map(controlNamed);
  if (controls.length === 0) {
    print(`${name} names no control: nothing can tell which seed would serve it`);
    return false;
  }
  let tried = 0;
  const seed = await servingSeed(options, async (plan) => {
    if (tried > 0 && tried % PROGRESS_EVERY_SEEDS === 0) print(`… ${tried} seeds do not serve`);
    tried += 1;
    for (const control of controls) if ((await harmIn(control, plan)) === '') return false;
    return (await simulatePlan(plan)).violations.length === 0;
  });
  if (seed === null) {
    print(`${name}: neither its own seed nor one from 1 to ${MAX_SEEDS} serves it`);
    return false;
  }
  if (seed !== options.seed) writePlan(join(CORPUS, `${name}.json`), note, { ...options, seed });
  print(`${name}: seed ${options.seed} ${seed === options.seed ? 'serves' : `became ${seed}`}`);
  return true;
}
