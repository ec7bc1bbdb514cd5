/**
 * Writes a result and its charts into a folder: `bench/results/` for a full run without a fault,
 * which is kept with the project, and `bench/results/quick/` for any other, which is not.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../tests/helpers/project-root.js';
import { charts } from './charts.js';
import type { Result } from './result.js';

export const RESULTS_FOLDER = join(PROJECT_ROOT, 'bench', 'results');
const RESULT_NAME = 'result.json';

export function resultFile(folder: string): string {
  return join(folder, RESULT_NAME);
}

/** Returns where it is. */
export function keepResult(result: Result): string {
  const isKept = result.kind === 'full' && result.failed.length === 0;
  const folder = isKept ? RESULTS_FOLDER : join(RESULTS_FOLDER, 'quick');
  mkdirSync(folder, { recursive: true });
  // Charts of another run beside this one's figures would mislead.
  for (const name of readdirSync(folder)) if (name.endsWith('.svg')) rmSync(join(folder, name));
  writeFileSync(resultFile(folder), `${JSON.stringify(result, null, 2)}\n`);
  for (const { name, svg } of charts(result)) writeFileSync(join(folder, `${name}.svg`), svg);
  return folder;
}
