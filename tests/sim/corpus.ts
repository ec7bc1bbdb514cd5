/**
 * Plans that once showed a bug, kept whole, so that they stay what they are when seeds come to mean
 * something else. One JSON file each in `tests/sim/corpus/`, named after what it showed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import type { SimOptions } from './options.js';

export interface KeptPlan {
  readonly name: string;
  /** What went wrong, and the rule that was missing. */
  readonly showed: string;
  readonly options: SimOptions;
}

interface PlanFile {
  readonly showed: string;
  /** Infinity is written as null. */
  readonly options: SimOptions;
}

/** What the workload of older plans does not name. */
const NEWER_KNOBS = { halfChance: 0 };

export const CORPUS = join(PROJECT_ROOT, 'tests', 'sim', 'corpus');

export function keptPlans(): KeptPlan[] {
  const names = readdirSync(CORPUS).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const { showed, options } = JSON.parse(readFileSync(join(CORPUS, name), 'utf8')) as PlanFile;
    return { name: name.replace('.json', ''), showed, options: withInfinity(options) };
  });
}

export function planText(showed: string, options: SimOptions): string {
  return `${JSON.stringify({ showed, options }, null, 2)}\n`;
}

function withInfinity(options: SimOptions): SimOptions {
  const { bytes, records } = options.log.checkpointAfter as { bytes: unknown; records: unknown };
  const checkpointAfter = { bytes: orInfinity(bytes), records: orInfinity(records) };
  const workload = { ...NEWER_KNOBS, ...options.workload };
  return { ...options, workload, log: { ...options.log, checkpointAfter } };
}

function orInfinity(value: unknown): number {
  return typeof value === 'number' ? value : Infinity;
}
