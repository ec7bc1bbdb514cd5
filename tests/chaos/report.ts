/** The end of a run for people: figures by kind of fault, violations, and how to run it again. */
import type { Journal } from './journal.js';
import type { Episode, Nemesis } from './nemesis.js';
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

export function printReport(result: RunResult): void {
  const { recorder, nemesis, journal, seed, minutes } = result;
  const line = (name: string, value: string | number): void => {
    console.log(`${name.padEnd(34)} ${value}`);
  };
  console.log('');
  line('operations', recorder.operations.length);
  line('acknowledged writes', recorder.acknowledgedAt.length);
  line('unknown outcomes', recorder.unknown);
  line('refused writes', recorder.refused);
  line('refused reads', recorder.readsRefused);
  for (const [code, { count, first }] of recorder.refusals) {
    line(`  with ${code}`, `${count}, the first: ${first.slice(0, SHOWN_CHARS)}`);
  }
  line('stops that a failed disk explains', result.failStops);
  line(
    'faults',
    [...nemesis.counts.values()].reduce((sum, count) => sum + count, 0),
  );
  for (const kind of KINDS) {
    const count = nemesis.counts.get(kind);
    if (count === undefined) continue;
    const touched = nemesis.episodes.filter(({ kinds }) => kinds.includes(kind));
    const gap = (longestGapMs(recorder.acknowledgedAt, touched) / 1000).toFixed(2);
    const refused = recorder.refusedAt.filter((at) => {
      return touched.some(({ from, to }) => from <= at && at <= to);
    });
    line(`  ${kind}`, `${count}; longest time without a write ${gap} s; refused ${refused.length}`);
  }
  for (const what of result.skipped) line('skipped', what);
  line('violations', journal.violations.length);
  for (const text of journal.violations) console.log(`  ${text.split('\n')[0] ?? ''}`);
  if (result.isKept) line('logs, history.jsonl, faults.log', result.folder);
  console.log(`again: npm run chaos -- --minutes ${minutes} --seed ${seed}`);
}

/** Between two acknowledgements, of which the time between touches one of the episodes. */
function longestGapMs(acknowledgedAt: readonly number[], touched: readonly Episode[]): number {
  let longest = 0;
  for (let index = 1; index < acknowledgedAt.length; index += 1) {
    const [from = 0, to = 0] = [acknowledgedAt[index - 1], acknowledgedAt[index]];
    if (to - from <= longest) continue;
    if (touched.some((episode) => episode.from < to && from < episode.to)) longest = to - from;
  }
  return longest;
}
