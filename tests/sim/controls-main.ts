/**
 * The command `npm run controls`: breaks each rule in turn, hunts until the simulator notices, and
 * writes the table of docs/TESTING.md and the seeds that the test command repeats. Exit status 0
 * only if every broken rule was noticed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { CONTROLS } from './control-list.js';
import { type ControlResult, runControl } from './controls.js';

/** With a rule broken, a violation is seen within so many seeds. */
const MAX_SEEDS = Number(process.env['CONTROL_SEEDS'] ?? 2500);
const DOCUMENT = join(PROJECT_ROOT, 'docs', 'TESTING.md');
const SEEDS_FILE = join(PROJECT_ROOT, 'tests', 'sim', 'control-seeds.json');
const BEGIN = '<!-- controls -->';
const END = '<!-- end of controls -->';

function row({ control, seeds, violation }: ControlResult): string {
  const found = seeds === null ? `not within ${MAX_SEEDS}` : String(seeds);
  const told = violation.split('\n')[0]?.replaceAll('|', '/').slice(0, 70) ?? '';
  const also = control.also === undefined ? '' : `; with it: ${control.also.what}`;
  return `| \`${control.name}\` | ${control.rule}${also} | ${found} | ${told} |`;
}

function writeTable(results: readonly ControlResult[]): void {
  const lines = [
    '| name | rule that was broken | seeds until caught | what was reported |',
    '| --- | --- | --- | --- |',
    ...results.map(row),
  ];
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before = '', rest = ''] = text.split(BEGIN);
  const after = rest.split(END)[1] ?? '';
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${lines.join('\n')}\n\n${END}${after}`);
  const seeds = Object.fromEntries(results.map(({ control, seed }) => [control.name, seed]));
  writeFileSync(SEEDS_FILE, `${JSON.stringify(seeds, null, 2)}\n`);
}

async function main(): Promise<boolean> {
  const chosen = process.argv.slice(2);
  const seeds = Array.from({ length: MAX_SEEDS }, (_none, index) => index + 1);
  const results: ControlResult[] = [];
  const controls = CONTROLS.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
  for (const control of controls) {
    const result = await runControl(control, seeds);
    results.push(result);
    process.stdout.write(`${row(result)}\n`);
  }
  const areAllFound = results.every(({ seeds: found }) => found !== null);
  // Too few seeds are no reason to forget one that is known.
  if (chosen.length === 0 && areAllFound) writeTable(results);
  return areAllFound;
}

process.exitCode = (await main()) ? 0 : 1;
