/** What a row of the bench finds out: figures that reports, charts and targets are made of. */
import { ratioOf, type Spread, spread } from './measures/spread.js';

export type Measure =
  | 'requests/s'
  | 'MB/s'
  | 'p50 ms'
  | 'p99 ms'
  | 'p99.9 ms'
  | 'p99.9 ms of its own'
  | 'longest ms of its own'
  | 'p99.9 ms without collections'
  | 'longest ms without collections'
  | 'longest ms'
  | 'longest collection ms'
  | 'µs of processor a request'
  | 'bytes'
  | 'seconds'
  | 'factor';

/** Where a figure stands in a chart: on this axis, at this place, in this line or colour. */
export interface ChartPoint {
  readonly axis: string;
  readonly x: number | string;
  readonly series: string;
}

export interface Figure {
  readonly row: string;
  readonly title: string;
  readonly measure: Measure;
  readonly ours: Spread;
  readonly peer: { readonly label: string; readonly spread: Spread } | null;
  /** Ours by the peer's. */
  readonly ratio: Spread | null;
  readonly point: ChartPoint | null;
  /** What else is to be known of it, such as snapshots that were written meanwhile. */
  readonly notes: Readonly<Record<string, number | string>>;
}

export interface FigureName {
  readonly row: string;
  readonly title: string;
  readonly point?: ChartPoint | null;
  readonly notes?: Figure['notes'];
}

export function figure(name: FigureName, measure: Measure, values: readonly number[]): Figure {
  const { row, title, point = null, notes = {} } = name;
  return { row, title, measure, ours: spread(values), peer: null, ratio: null, point, notes };
}

export function comparison(
  name: FigureName,
  measure: Measure,
  ours: readonly number[],
  peer: { readonly label: string; readonly values: readonly number[] },
): Figure {
  return {
    ...figure(name, measure, ours),
    peer: { label: peer.label, spread: spread(peer.values) },
    ratio: ratioOf(ours, peer.values),
  };
}

export function find(
  figures: readonly Figure[],
  row: string,
  measure: Measure,
): Figure | undefined {
  return figures.find((one) => one.row === row && one.measure === measure);
}
