/** A result as the README shows it: the targets, what was compared, and what was measured alone. */
import { markdownTable } from '../../tests/helpers/markdown-table.js';
import type { Figure, Measure } from '../figure.js';
import { range } from './console.js';
import { readable } from './numbers.js';
import { machineSentence, type Result } from './result.js';

const SHOWN_MEASURES: readonly Measure[] = ['requests/s', 'MB/s', 'seconds', 'bytes', 'factor'];

export function summaryMarkdown(result: Result): string {
  const { at, kind, minutes, machine, targets, figures, skipped } = result;
  const missing = skipped.map(({ row, why }) => `${row}: skipped, ${why}.`);
  return [
    `Measured on ${at.slice(0, 10)} by a ${kind} run of ${minutes} minutes: ${machineSentence(machine)}.`,
    'Client and servers share the machine: only ratios within one run mean something elsewhere.',
    'Medians, with the lowest and the highest run in brackets. Charts are in `bench/results/`.',
    ...missing,
    '',
    ...markdownTable(
      ['Target', 'Wanted', 'Measured', 'Reached'],
      targets.map(({ what, wanted, measured, isReached }) => [
        what,
        wanted,
        measured,
        isReached === null ? '-' : isReached ? 'yes' : 'no',
      ]),
    ),
    '',
    ...comparedTable(figures),
    '',
    ...aloneTable(figures),
  ].join('\n');
}

function comparedTable(figures: readonly Figure[]): string[] {
  const rows = figures.flatMap(({ title, measure, ours, peer, ratio }) => {
    if (peer === null || ratio === null || measure === 'MB/s') return [];
    const against = `${range(peer.spread)}, ${peer.label}`;
    return [[title, measure, range(ours), against, readable(ratio.median)]];
  });
  return markdownTable(['Compared', 'Measure', 'Ours', 'Peer', 'Ratio'], rows);
}

function aloneTable(figures: readonly Figure[]): string[] {
  const rows = figures
    .filter(({ peer, measure, point }) => peer === null && isShown(measure, point))
    .map(({ title, measure, ours }) => [title, measure, range(ours)]);
  return markdownTable(['Ours alone', 'Measure', 'Figure'], rows);
}

/** Latencies by keys and participants are in the charts. */
function isShown(measure: Measure, point: Figure['point']): boolean {
  return point === null || SHOWN_MEASURES.includes(measure);
}
