/**
 * The end of a run, for people: figures by kind of fault, violations, and how to run it again. Its
 * last line is the same for programs (`printed-runs.ts`).
 */
import { faultsIn, figuresByKind, type RunFigures } from './figures.js';
import type { Journal } from './journal.js';
import type { Nemesis } from './nemesis.js';
import { KINDS } from './plan.js';
import type { HistoryRecorder } from './recorder.js';

const SHOWN_CHARS = 150;

export interface RunResult {
  readonly seed: number;
  readonly minutes: number;
  readonly recorder: HistoryRecorder;
  readonly nemesis: Nemesis;
  readonly journal: Journal;
  readonly failStops: number;
  readonly skipped: readonly string[];
  readonly folder: string;
  readonly isKept: boolean;
}

function figuresOf(result: RunResult): RunFigures {
  const { seed, minutes, recorder, nemesis, journal, failStops } = result;
  const { acknowledgedAt, refusedAt } = recorder;
  const times = { acknowledgedAt, refusedAt, episodes: nemesis.episodes };
  return {
    seed,
    minutes,
    operations: recorder.operations.length,
    acknowledged: acknowledgedAt.length,
    unknown: recorder.unknown,
    failStops,
    violations: journal.violations.length,
    kinds: figuresByKind(nemesis.tallies, times),
  };
}

export function printReport(result: RunResult): void {
  const { recorder, journal, seed, minutes } = result;
  const figures = figuresOf(result);
  const line = (name: string, value: string | number): void => {
    console.log(`${name.padEnd(34)} ${value}`);
  };
  console.log('');
  line('operations', figures.operations);
  line('acknowledged writes', figures.acknowledged);
  line('unknown outcomes', figures.unknown);
  line('refused writes', recorder.refused);
  line('refused reads', recorder.readsRefused);
  for (const [code, { count, first }] of recorder.refusals) {
    line(`  with ${code}`, `${count}, the first: ${first.slice(0, SHOWN_CHARS)}`);
  }
  line('stops that a failed disk explains', figures.failStops);
  line('faults', faultsIn(figures));
  for (const kind of KINDS) {
    const each = figures.kinds[kind];
    if (each === undefined) continue;
    const { begun, struck, longestMs, refused } = each;
    const counts = `${begun}, of which ${struck ?? '?'} struck`;
    const gap = `longest time without a write ${(longestMs / 1000).toFixed(2)} s`;
    line(`  ${kind}`, `${counts}; ${gap}; refused ${refused}`);
  }
  for (const what of result.skipped) line('skipped', what);
  line('violations', figures.violations);
  for (const text of journal.violations) console.log(`  ${text.split('\n')[0] ?? ''}`);
  if (result.isKept) line('logs, history.jsonl, faults.log', result.folder);
  console.log(`again: npm run chaos -- --minutes ${minutes} --seed ${seed}`);
  console.log(JSON.stringify(figures));
}
