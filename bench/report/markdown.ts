/** A result as people read it: the targets for the README, all figures for docs/BENCHMARKS.md. */
import { markdownTable } from '../../tests/helpers/markdown-table.js';
import type { Figure, Measure } from '../figure.js';
import { noteText, range } from './console.js';
import { machineSentence, type Result } from './result.js';

const SHOWN_MEASURES: readonly Measure[] = ['requests/s', 'MB/s', 'seconds', 'bytes', 'factor'];

export function targetsMarkdown(result: Result): string {
  return [
    ...circumstances(result),
    '',
    ...markdownTable(
      ['Target', 'Wanted', 'Measured', 'Reached'],
      result.targets.map(({ what, wanted, measured, isReached }) => [
        what,
        wanted,
        measured,
        isReached === null ? '-' : isReached ? 'yes' : 'no',
      ]),
    ),
  ].join('\n');
}

export function figuresMarkdown(result: Result): string {
  const { figures, skipped, failed } = result;
  const missing = [
    ...skipped.map(({ row, why }) => `${row}: skipped, ${why}.`),
    ...failed.map((row) => `${row}: failed.`),
  ];
  return [
    ...circumstances(result),
    'Medians, with the lowest and the highest run in brackets (of ratios: pair).',
    'Where neither a rate nor redis-benchmark is named, it is a closed loop of our own generator.',
    ...missing,
    '',
    ...comparedTable(figures),
    '',
    ...aloneTable(figures),
  ].join('\n');
}

function circumstances({ at, kind, minutes, machine }: Result): string[] {
  return [
    `Measured on ${at.slice(0, 10)} by a ${kind} run of ${minutes} minutes of commit ${machine.commit}: ${machineSentence(machine)}.`,
    'Client and servers share the machine: only ratios within one run mean something elsewhere.',
  ];
}

function comparedTable(figures: readonly Figure[]): string[] {
  const rows = figures.flatMap(({ title, measure, ours, peer, ratio }) => {
    if (peer === null || ratio === null || measure === 'MB/s') return [];
    const against = `${range(peer.spread)}, ${peer.label}`;
    return [[title, measure, range(ours), against, range(ratio)]];
  });
  return markdownTable(['Compared', 'Measure', 'Ours', 'Peer', 'Ratio'], rows);
}

function aloneTable(figures: readonly Figure[]): string[] {
  const rows = figures
    .filter(({ peer, measure, point }) => peer === null && isShown(measure, point))
    .map(({ title, measure, ours, notes }) => [title, measure, range(ours), noteText(notes)]);
  return markdownTable(['Ours alone', 'Measure', 'Figure', 'Beside it'], rows);
}

/** Latencies by keys and participants are in the charts. */
function isShown(measure: Measure, point: Figure['point']): boolean {
  return point === null || SHOWN_MEASURES.includes(measure);
}
