/** The summary of the full run that is kept with the project, for the README. */
import { existsSync, readFileSync } from 'node:fs';
import { RESULTS_FOLDER, resultFile } from './keep-result.js';
import { summaryMarkdown } from './markdown.js';
import type { Result } from './result.js';

const NONE = 'No full run is kept at present: `npm run bench`, then `npm run docs`.';

export function keptSummary(): string {
  const file = resultFile(RESULTS_FOLDER);
  if (!existsSync(file)) return NONE;
  return summaryMarkdown(JSON.parse(readFileSync(file, 'utf8')) as Result);
}
