/**
 * Plans that once failed, kept whole, so that they stay what they are when seeds come to mean
 * something else. One JSON file each, named after what it showed: in `tests/sim/corpus/`, or,
 * before anybody has looked at it, in the folder of `failed-seeds.ts`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import type { SimOptions } from './options.js';

/** What a person says of a plan. */
export interface PlanNote {
  /** What went wrong. */
  readonly showed: string;
  /** Rules it guards, by their names in `control-list.ts`: without one of them it fails again. */
  readonly controls?: readonly string[];
  /** In words, where no control breaks the rule. */
  readonly rule?: string;
}

export interface KeptPlan {
  /** As `--plan` takes it. */
  readonly name: string;
  readonly note: PlanNote;
  readonly options: SimOptions;
}

interface PlanFile extends PlanNote {
  /** Infinity is written as null. */
  readonly options: SimOptions;
}

/** What the workload of older plans does not name. */
const NEWER_KNOBS = { halfChance: 0 };

export const CORPUS = join(PROJECT_ROOT, 'tests', 'sim', 'corpus');

/** All in a folder, which need not exist. */
export function keptPlans(folder: string = CORPUS): KeptPlan[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.sort().map((file) => {
    const name = file.replace('.json', '');
    return readPlan(folder === CORPUS ? name : relative(PROJECT_ROOT, join(folder, file)));
  });
}

/** By its name in the corpus, or by its file, seen from the project's folder. */
export function readPlan(name: string): KeptPlan {
  const isFile = name.endsWith('.json');
  const file = isFile ? resolve(PROJECT_ROOT, name) : join(CORPUS, `${name}.json`);
  const { options, ...note } = JSON.parse(readFileSync(file, 'utf8')) as PlanFile;
  return { name, note, options: withInfinity(options) };
}

export function writePlan(file: string, note: PlanNote, options: SimOptions): void {
  writeFileSync(file, `${JSON.stringify({ ...note, options }, null, 2)}\n`);
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
