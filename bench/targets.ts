/** What is wanted of the figures, and whether it is reached. */
import { type Figure, find, type Measure } from './figure.js';
import { ratioOf, type Spread } from './measures/spread.js';
import { processorRow } from './rows/participants.js';

interface Target {
  readonly what: string;
  readonly row: string;
  readonly measure: Measure;
  /** `ratio`: ours by the peer's. */
  readonly of: 'ours' | 'ratio';
  readonly bound: 'at least' | 'at most';
  readonly wanted: number;
  readonly unit: '×' | 's' | 'ms' | 'bytes';
  /** Another row of ours, by which the first is divided. */
  readonly over?: string;
}

export interface TargetResult {
  readonly what: string;
  readonly wanted: string;
  /** '-' where it was not measured. */
  readonly measured: string;
  readonly isReached: boolean | null;
}

const WAIT = 'against Redis + 3 replicas + WAIT 3';
const ALONE = 'against Redis alone, appendfsync always, by redis-benchmark';

function throughput(what: string, row: string, wanted: number): Target {
  return { what, row, measure: 'requests/s', of: 'ratio', bound: 'at least', wanted, unit: '×' };
}

function atMost(
  what: string,
  place: Pick<Target, 'row' | 'measure' | 'of' | 'over'>,
  wanted: number,
  unit: Target['unit'],
): Target {
  return { what, ...place, bound: 'at most', wanted, unit };
}

function seconds(what: string, row: string, wanted: number): Target {
  return atMost(what, { row, measure: 'seconds', of: 'ours' }, wanted, 's');
}

const TARGETS: readonly Target[] = [
  throughput(`SET, 50 clients, ${WAIT}`, 'set-50-wait', 1.3),
  throughput(`SET, 200 clients, ${WAIT}`, 'set-200-wait', 1.3),
  atMost(
    `SET, 1 client, p50 latency, ${WAIT}`,
    { row: 'set-1-wait', measure: 'p50 ms', of: 'ratio' },
    1.0,
    '×',
  ),
  throughput(`SET, 50 clients, ${ALONE}`, 'set-50', 0.4),
  throughput(`SET, 50 clients, pipeline 16, ${ALONE}`, 'set-50-p16', 0.35),
  throughput(`GET, 50 clients, ${ALONE}`, 'get-50', 0.7),
  throughput(`GET, 50 clients, pipeline 16, ${ALONE}`, 'get-50-p16', 0.35),
  throughput(`SET of 100 KB, bytes a second, ${WAIT}`, 'set-100kb-wait', 1.0),
  atMost(
    'SET, 50 clients, processor time a write, 5 participants against 1',
    {
      row: processorRow('set', 5),
      measure: 'µs of processor a request',
      of: 'ours',
      over: processorRow('set', 1),
    },
    3,
    '×',
  ),
  atMost(
    'p99 of SET at half of the load of 50 clients while snapshots are written, against without',
    { row: 'snapshot-load', measure: 'p99 ms', of: 'ratio' },
    3,
    '×',
  ),
  seconds('restart of a participant with 1,000,000 keys to serving', 'restart', 2),
  seconds('rejoin of an empty participant, 2,000 writes a second', 'rejoin-snapshot', 4),
  seconds('rejoin by delta after 10 s outage, 2,000 writes a second', 'rejoin-delta', 1),
  atMost(
    'event loop, own part of its delay after its first 0.5 s, p99.9',
    { row: 'pauses', measure: 'p99.9 ms of its own', of: 'ours' },
    20,
    'ms',
  ),
  atMost(
    'event loop, own part of its delay after its first 0.5 s, longest',
    { row: 'pauses', measure: 'longest ms of its own', of: 'ours' },
    100,
    'ms',
  ),
  atMost(
    'resident memory of a participant a key (16 + 100 bytes)',
    { row: 'memory-key', measure: 'bytes', of: 'ours' },
    300,
    'bytes',
  ),
  atMost(
    'memory of the coordinator after 10,000,000 writes over after 100,000',
    { row: 'memory-coordinator', measure: 'factor', of: 'ours' },
    1.1,
    '×',
  ),
];

function isWithin(value: number, bound: Target['bound'], wanted: number): boolean {
  return bound === 'at least' ? value >= wanted : value <= wanted;
}

export function targetResults(figures: readonly Figure[]): TargetResult[] {
  return TARGETS.map((target) => {
    const { what, bound, wanted, unit } = target;
    const measured = measuredOf(target, figures);
    const isReached = measured === null ? null : isWithin(measured.median, bound, wanted);
    return {
      what,
      wanted: `${bound} ${wanted} ${unit}`,
      measured: measured === null ? '-' : told(measured, unit),
      isReached,
    };
  });
}

function measuredOf({ row, measure, of, over }: Target, figures: readonly Figure[]): Spread | null {
  const found = find(figures, row, measure);
  if (over === undefined) return (of === 'ratio' ? found?.ratio : found?.ours) ?? null;
  const divisor = find(figures, over, measure);
  if (found === undefined || divisor === undefined) return null;
  return ratioOf(found.ours.values, divisor.ours.values);
}

function told({ median, min, max, values }: Spread, unit: Target['unit']): string {
  const middle = `${round(median, unit)} ${unit}`;
  return values.length === 1 ? middle : `${middle} (${round(min, unit)} to ${round(max, unit)})`;
}

function round(value: number, unit: Target['unit']): string {
  return unit === 'bytes' ? String(Math.round(value)) : value.toFixed(2);
}
