/** What to type to see a plan again, as `npm run sim` takes it. */
import type { Reduction } from './options.js';

/** As its first words: which plan is meant. */
export function ofSeed(seed: number): string {
  return `--seed ${seed}`;
}

/** By its name in the corpus, or its file. */
export function ofPlan(name: string): string {
  return `--plan ${name}`;
}

/** With nothing left out: the whole plan. */
export function replayCommand(which: string, { without = [], clients }: Reduction = {}): string {
  const parts = [`npm run sim -- ${which}`];
  if (without.length > 0) parts.push(`--without ${without.join(',')}`);
  if (clients !== undefined) parts.push(`--clients ${clients}`);
  return `${parts.join(' ')} --trace`;
}
