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
  /** Of these, how many took effect. */
  harmDone: number[];
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
    harmDone: [],
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
  tally.harmDone.push(result.harmDone);
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
  tally.harmDone.push(...other.harmDone);
  tally.failures.push(...other.failures);
  for (const [name, count] of Object.entries(other.marks)) {
    tally.marks[name] = (tally.marks[name] ?? 0) + count;
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** One line a figure. */
export function tallyLines(tally: Tally, seconds: number): string[] {
  const of = (name: string): number => tally.marks[name] ?? 0;
  const percent = Math.round((100 * tally.seedsWithCrash) / Math.max(1, tally.seeds));
  return [
    `seeds              ${tally.seeds} (${(tally.seeds / seconds).toFixed(1)} a second)`,
    `operations         ${tally.operations}, of them ${tally.acknowledged} acknowledged, ${tally.unknown} unknown`,
    `faults a seed      ${median(tally.faults)} planned, ${median(tally.harmDone)} took effect (medians)`,
    `crashes            ${of('a role crashed')} (in ${percent} % of the seeds)`,
    `view changes       ${of('said: view proposed')}`,
    `rejoins            ${of('said: a participant is a member again')}`,
    `virtual time       ${Math.round(tally.virtualMs / 1000)} s, ${tally.events} events`,
    `failed seeds       ${tally.failures.length}`,
  ];
}

const LINE_WIDTH = 110;

/** All of it in few lines: what has the same beginning stands together. */
export function markTable(tally: Tally): string[] {
  const groups = new Map<string, string[]>();
  for (const [name, count] of Object.entries(tally.marks).sort(byName)) {
    const [group = '', ...rest] = name.split(': ');
    const [heading, label] = rest.length === 0 ? ['other', group] : [group, rest.join(': ')];
    groups.set(heading, [...(groups.get(heading) ?? []), `${label} ${count}`]);
  }
  return [...groups].flatMap(([heading, labels]) => wrapped(`${heading}: `, labels));
}

function wrapped(heading: string, labels: readonly string[]): string[] {
  const lines: string[] = [];
  let line = heading;
  for (const [index, label] of labels.entries()) {
    const text = index + 1 < labels.length ? `${label}, ` : label;
    if (line.length + text.length > LINE_WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = '  ';
    }
    line += text;
  }
  return [...lines, line];
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

export function markLines(tally: Tally): string[] {
  return Object.entries(tally.marks)
    .sort(byName)
    .map(([name, count]) => `${String(count).padStart(9)}  ${name}`);
}
