/** What many seeds add up to, and how it is said. Plain data, so that threads can send it. */
import type { SimResult } from './run.js';

export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly said: readonly string[];
}

export interface Tally {
  seeds: number;
  operations: number;
  acknowledged: number;
  unknown: number;
  events: number;
  virtualMs: number;
  marks: Record<string, number>;
  /** Number of planned faults of each seed, to say what is usual. */
  faults: number[];
  seedsWithCrash: number;
  failures: Failure[];
}

export function emptyTally(): Tally {
  return {
    seeds: 0,
    operations: 0,
    acknowledged: 0,
    unknown: 0,
    events: 0,
    virtualMs: 0,
    marks: {},
    faults: [],
    seedsWithCrash: 0,
    failures: [],
  };
}

export function addResult(tally: Tally, result: SimResult): void {
  const { options, violations, said } = result;
  tally.seeds += 1;
  tally.operations += result.operations;
  tally.acknowledged += result.acknowledged;
  tally.unknown += result.unknown;
  tally.events += result.events;
  tally.virtualMs += result.virtualMs;
  tally.faults.push(options.faults.length);
  if ((result.marks.get('a role crashed') ?? 0) > 0) tally.seedsWithCrash += 1;
  for (const [name, count] of result.marks) {
    tally.marks[name] = (tally.marks[name] ?? 0) + count;
  }
  if (violations.length > 0) {
    tally.failures.push({ seed: options.seed, violations, said });
  }
}

export function addTally(tally: Tally, other: Tally): void {
  for (const key of [
    'seeds',
    'operations',
    'acknowledged',
    'unknown',
    'events',
    'virtualMs',
  ] as const) {
    tally[key] += other[key];
  }
  tally.seedsWithCrash += other.seedsWithCrash;
  tally.faults.push(...other.faults);
  tally.failures.push(...other.failures);
  for (const [name, count] of Object.entries(other.marks)) {
    tally.marks[name] = (tally.marks[name] ?? 0) + count;
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** One line a figure. */
export function tallyLines(tally: Tally, seconds: number): string[] {
  const of = (name: string): number => tally.marks[name] ?? 0;
  const percent = Math.round((100 * tally.seedsWithCrash) / Math.max(1, tally.seeds));
  return [
    `seeds              ${tally.seeds} (${(tally.seeds / seconds).toFixed(1)} a second)`,
    `operations         ${tally.operations}, of them ${tally.acknowledged} acknowledged, ${tally.unknown} unknown`,
    `faults a seed      ${median(tally.faults)} (median)`,
    `crashes            ${of('a role crashed')} (in ${percent} % of the seeds)`,
    `view changes       ${of('said: view proposed')}`,
    `rejoins            ${of('said: a participant is a member again')}`,
    `virtual time       ${Math.round(tally.virtualMs / 1000)} s, ${tally.events} events`,
    `failed seeds       ${tally.failures.length}`,
  ];
}

export function markLines(tally: Tally): string[] {
  return Object.entries(tally.marks)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${String(count).padStart(9)}  ${name}`);
}
