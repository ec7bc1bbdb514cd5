/**
 * Reads the figures of runs out of what they printed: from the JSON line at a report's end, or, of
 * a run by a program that had none yet, from the lines for people. A run that did not come to its
 * end has no report, and must not pass for one without faults.
 */
import { isDeepStrictEqual } from 'node:util';
import { type KindFigures, type RunFigures } from './figures.js';
import { type Kind, KINDS } from './plan.js';

/** Of these every one that was begun has struck. */
const AT_ONCE: ReadonlySet<Kind> = new Set<Kind>([
  ...(['kill', 'partition', 'isolation', 'full disk', 'restart of all', 'wiped disk'] as const),
]);
const FIRST_LINE = /^chaos: seed \d+, [\d.]+ minutes/;
const LAST_LINE_FOR_PEOPLE = /^again: .* --minutes ([\d.]+) --seed (\d+)$/;
const JSON_LINE = /^\{"seed":/;
const KIND_LINE =
  /^ {2}(\S[a-z ]*?) +(\d+)(?:, of which (\d+) struck)?; longest .* ([\d.]+) s; refused (\d+)$/;
const FIGURE_LINE = /^([a-z][a-z ]*?) +(\d+)$/;

/** Throws where a run has no end. */
export function runsIn(text: string): RunFigures[] {
  const runs: RunFigures[] = [];
  let begun = 0;
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    const last = LAST_LINE_FOR_PEOPLE.exec(line);
    if (FIRST_LINE.test(line)) {
      begun += 1;
      lines = [];
    } else if (last !== null) {
      runs.push(fromLines(lines, Number(last[1]), Number(last[2])));
    } else if (JSON_LINE.test(line)) {
      const told = JSON.parse(line) as RunFigures;
      mustAgree(runs.pop(), told);
      runs.push(told);
    } else {
      lines.push(line);
    }
  }
  if (runs.length === 0) throw new Error('it holds no report of a run');
  if (runs.length < begun) throw new Error(`${begun} runs began in it, ${runs.length} ended`);
  return runs;
}

function fromLines(lines: readonly string[], minutes: number, seed: number): RunFigures {
  const figures = new Map<string, number>();
  const kinds: Partial<Record<Kind, KindFigures>> = {};
  for (const line of lines) {
    const [, name = '', value] = FIGURE_LINE.exec(line) ?? [];
    if (value !== undefined) figures.set(name, Number(value));
    const [, label, count, struck, seconds, refused] = KIND_LINE.exec(line) ?? [];
    const kind = KINDS.find((each) => each === label);
    if (kind === undefined) continue;
    kinds[kind] = {
      begun: Number(count),
      struck: struckOf(kind, count, struck),
      longestMs: Number(seconds) * 1000,
      refused: Number(refused),
    };
  }
  const figure = (name: string): number => {
    const value = figures.get(name);
    if (value === undefined) throw new Error(`the report of seed ${seed} does not tell: ${name}`);
    return value;
  };
  return {
    seed,
    minutes,
    operations: figure('operations'),
    acknowledged: figure('acknowledged writes'),
    unknown: figure('unknown outcomes'),
    failStops: figure('stops that a failed disk explains'),
    violations: figure('violations'),
    kinds,
  };
}

function struckOf(kind: Kind, begun: string | undefined, told: string | undefined): number | null {
  if (told !== undefined) return Number(told);
  return AT_ONCE.has(kind) ? Number(begun) : null;
}

/** Both are of one run; times are rounded for people. */
function mustAgree(read: RunFigures | undefined, told: RunFigures): void {
  if (read !== undefined && isDeepStrictEqual(rounded(read), rounded(told))) return;
  throw new Error(`the two ends of the report of seed ${told.seed} differ`);
}

function rounded(run: RunFigures): unknown {
  const kinds = Object.entries(run.kinds).map(([kind, figures]) => {
    return [kind, { ...figures, longestMs: (figures.longestMs / 1000).toFixed(2) }] as const;
  });
  return { ...run, kinds: Object.fromEntries(kinds) };
}
