// Refreshes what stands between markers in the README: the tables of settings and commands, from the
// code, and the summary of the full bench run that is kept in bench/results/.
import { readFileSync, writeFileSync } from 'node:fs';
import { keptSummary } from '../dist/bench/report/kept-summary.js';
import { settingsTableMarkdown } from '../dist/src/config/settings.js';
import { commandTableMarkdown } from '../dist/src/resp/registry.js';

const file = new URL('../README.md', import.meta.url);

function refresh(text, name, table) {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(open), text.indexOf(close)];
  if (from === -1 || to < from) throw new Error(`README.md has no markers ${open} and ${close}`);
  return `${text.slice(0, from + open.length)}\n${table.trim()}\n${text.slice(to)}`;
}

const before = readFileSync(file, 'utf8');
const settings = refresh(before, 'settings', settingsTableMarkdown());
const commands = refresh(settings, 'commands', commandTableMarkdown());
writeFileSync(file, refresh(commands, 'bench', keptSummary()));
