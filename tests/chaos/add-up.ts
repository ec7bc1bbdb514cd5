/**
 * `npm run chaos:add-up -- FILE...`
 *
 * Adds up what several chaos runs printed: a table of the kinds of fault and one of the runs, as
 * docs/TESTING.md has them. Exit status 1 where a file holds no whole run.
 */
import { readFileSync } from 'node:fs';
import type { RunFigures } from './figures.js';
import { runsIn } from './printed-runs.js';
import { kindsTable, runsTable } from './tables.js';

function runsOf(file: string): RunFigures[] {
  try {
    return runsIn(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function main(files: readonly string[]): number {
  if (files.length === 0) {
    console.error('usage: add-up FILE...');
    return 1;
  }
  try {
    const runs = files.flatMap(runsOf);
    console.log(`${kindsTable(runs)}\n\n${runsTable(runs)}`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
