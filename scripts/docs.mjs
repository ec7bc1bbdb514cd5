// Refreshes what stands between markers: in the README the tables of settings and commands, from the
// code, and the targets of the full bench run that is kept in bench/results/; in docs/BENCHMARKS.md
// all of its figures.
import { readFileSync, writeFileSync } from 'node:fs';
import { keptFigures, keptTargets } from '../dist/bench/report/kept-summary.js';
import { settingsTableMarkdown } from '../dist/src/config/settings.js';
import { commandTableMarkdown } from '../dist/src/resp/registry.js';

function refresh(name, parts) {
  const file = new URL(`../${name}`, import.meta.url);
  let text = readFileSync(file, 'utf8');
  for (const [part, table] of Object.entries(parts)) {
    const [open, close] = [`<!-- ${part} -->`, `<!-- /${part} -->`];
    const [from, to] = [text.indexOf(open), text.indexOf(close)];
    if (from === -1 || to < from) throw new Error(`${name} has no markers ${open} and ${close}`);
    text = `${text.slice(0, from + open.length)}\n${table.trim()}\n${text.slice(to)}`;
  }
  writeFileSync(file, text);
}

refresh('README.md', {
  settings: settingsTableMarkdown(),
  commands: commandTableMarkdown(),
  bench: keptTargets(),
});
refresh('docs/BENCHMARKS.md', { bench: keptFigures() });
