/** What people read of the full run that is kept with the project. */
import { existsSync, readFileSync } from 'node:fs';
import { RESULTS_FOLDER, resultFile } from './keep-result.js';
import { figuresMarkdown, targetsMarkdown } from './markdown.js';
import type { Result } from './result.js';

const NONE = 'No full run is kept at present: `npm run bench`, then `npm run docs`.';

/** For the README. */
export function keptTargets(): string {
  return ofKept(targetsMarkdown);
}

/** For docs/BENCHMARKS.md. */
export function keptFigures(): string {
  return ofKept(figuresMarkdown);
}

function ofKept(write: (result: Result) => string): string {
  const file = resultFile(RESULTS_FOLDER);
  return existsSync(file) ? write(JSON.parse(readFileSync(file, 'utf8')) as Result) : NONE;
}
