/** Figures of several runs as Markdown: a table of the kinds of fault, and one of the runs. */
import { markdownTable } from '../helpers/markdown-table.js';
import { faultsIn, type KindFigures, type RunFigures } from './figures.js';
import { type Kind, KINDS } from './plan.js';

function sum<T>(items: readonly T[], amountOf: (item: T) => number): number {
  return items.reduce((total, item) => total + amountOf(item), 0);
}

const grouped = (count: number): string => count.toLocaleString('en-US');

const KIND_HEAD = [
  ...['Fault', 'Begun', 'Struck', 'Only armed', 'Not told which'],
  ...['Longest without a write', 'Refused requests'],
];

export function kindsTable(runs: readonly RunFigures[]): string {
  const rows = KINDS.flatMap((kind) => {
    const each = runs.flatMap(({ kinds }) => kinds[kind] ?? []);
    return each.length === 0 ? [] : [kindRow(kind, each)];
  });
  return markdownTable(KIND_HEAD, rows).join('\n');
}

function kindRow(kind: Kind, each: readonly KindFigures[]): string[] {
  const begun = sum(each, (figures) => figures.begun);
  const struck = sum(each, (figures) => figures.struck ?? 0);
  const untold = sum(each, (figures) => (figures.struck === null ? figures.begun : 0));
  const longestMs = Math.max(...each.map((figures) => figures.longestMs));
  const refused = sum(each, (figures) => figures.refused);
  const counts = [begun, struck, begun - struck - untold, untold].map(grouped);
  return [kind, ...counts, `${(longestMs / 1000).toFixed(1)} s`, grouped(refused)];
}

const RUN_HEAD = [
  ...['Seed', 'Minutes', 'Operations', 'Acknowledged', 'Unknown', 'Faults'],
  ...['Explained stops', 'Violations'],
];

/** A row a run, and one for all of them. */
export function runsTable(runs: readonly RunFigures[]): string {
  const rows = runs.map((run) => [String(run.seed), ...amountsOf([run])]);
  return markdownTable(RUN_HEAD, [...rows, ['all', ...amountsOf(runs)]]).join('\n');
}

function amountsOf(runs: readonly RunFigures[]): string[] {
  return [
    sum(runs, ({ minutes }) => minutes),
    sum(runs, ({ operations }) => operations),
    sum(runs, ({ acknowledged }) => acknowledged),
    sum(runs, ({ unknown }) => unknown),
    sum(runs, faultsIn),
    sum(runs, ({ failStops }) => failStops),
    sum(runs, ({ violations }) => violations),
  ].map(grouped);
}
