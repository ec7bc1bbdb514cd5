/** The figures and the targets as lines for a terminal. */
import type { Figure } from '../figure.js';
import type { Spread } from '../measures/spread.js';
import type { TargetResult } from '../targets.js';
import { readable } from './numbers.js';

const MEASURE_WIDTH = 26;
const SIDE_WIDTH = 34;
const WHAT_WIDTH = 84;
const WANTED_WIDTH = 18;
const MEASURED_WIDTH = 28;

/** The median, and behind it the lowest and the highest of several. */
export function range({ median, min, max, values }: Spread): string {
  const middle = readable(median);
  return values.length === 1 ? middle : `${middle} (${readable(min)}..${readable(max)})`;
}

/** Each title once, above its measures. */
export function figureLines(figures: readonly Figure[]): string[] {
  let title = '';
  return figures.flatMap((figure) => {
    const told = titleOf(figure);
    const isNew = told !== title;
    title = told;
    return [...(isNew ? [told] : []), measureLine(figure)];
  });
}

function titleOf({ title, peer, notes }: Figure): string {
  const against = peer === null ? '' : `, against ${peer.label}`;
  const noted = noteText(notes);
  return `${title}${against}${noted === '' ? '' : ` [${noted}]`}`;
}

export function noteText(notes: Figure['notes']): string {
  return Object.entries(notes)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? readable(value) : value}`)
    .join(', ');
}

function measureLine({ measure, ours, peer, ratio }: Figure): string {
  const line = `  ${measure.padEnd(MEASURE_WIDTH)} ${range(ours).padEnd(SIDE_WIDTH)}`;
  if (peer === null || ratio === null) return line.trimEnd();
  return `${line} ${range(peer.spread).padEnd(SIDE_WIDTH)} ratio ${range(ratio)}`;
}

export function targetLines(targets: readonly TargetResult[]): string[] {
  return targets.map(({ what, wanted, measured, isReached }) => {
    const verdict = isReached === null ? 'not measured' : isReached ? 'reached' : 'NOT REACHED';
    const columns = [what.padEnd(WHAT_WIDTH), wanted.padEnd(WANTED_WIDTH)];
    return [...columns, measured.padEnd(MEASURED_WIDTH), verdict].join(' ');
  });
}
