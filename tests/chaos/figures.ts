/**
 * What a run amounts to, also by kind of fault, in figures that can be added to those of others.
 * Knows no processes; times are milliseconds of one clock.
 */
import { type Kind, KINDS } from './plan.js';

/** A fault that was: from its beginning until everybody was a member again. */
export interface Episode {
  readonly kinds: readonly Kind[];
  readonly from: number;
  readonly to: number;
}

/** How often a kind was begun, and how often it then took effect. */
export interface Tally {
  begun: number;
  struck: number;
}

export interface KindFigures {
  readonly begun: number;
  /** The rest was only armed. Null: the report of that run does not tell them apart. */
  readonly struck: number | null;
  /** Between two acknowledged writes, of which the time between touches a fault of this kind. */
  readonly longestMs: number;
  /** Requests that got an error during faults of this kind, alone or beside others. */
  readonly refused: number;
}

export interface RunFigures {
  readonly seed: number;
  readonly minutes: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  /** Stops of processes that a failed disk explains. */
  readonly failStops: number;
  readonly violations: number;
  readonly kinds: Readonly<Partial<Record<Kind, KindFigures>>>;
}

/** When what happened, in order. */
export interface Times {
  readonly acknowledgedAt: readonly number[];
  readonly refusedAt: readonly number[];
  readonly episodes: readonly Episode[];
}

export function figuresByKind(
  tallies: ReadonlyMap<Kind, Tally>,
  { acknowledgedAt, refusedAt, episodes }: Times,
): RunFigures['kinds'] {
  const figures: Partial<Record<Kind, KindFigures>> = {};
  for (const kind of KINDS) {
    const tally = tallies.get(kind);
    if (tally === undefined) continue;
    const touched = episodes.filter(({ kinds }) => kinds.includes(kind));
    const longestMs = longestGapMs(acknowledgedAt, touched);
    const isWithin = (at: number): boolean =>
      touched.some(({ from, to }) => from <= at && at <= to);
    figures[kind] = { ...tally, longestMs, refused: refusedAt.filter(isWithin).length };
  }
  return figures;
}

function longestGapMs(acknowledgedAt: readonly number[], touched: readonly Episode[]): number {
  let longest = 0;
  for (let index = 1; index < acknowledgedAt.length; index += 1) {
    const [from = 0, to = 0] = [acknowledgedAt[index - 1], acknowledgedAt[index]];
    if (to - from <= longest) continue;
    if (touched.some((episode) => episode.from < to && from < episode.to)) longest = to - from;
  }
  return longest;
}

export function faultsIn({ kinds }: RunFigures): number {
  return Object.values(kinds).reduce((sum, { begun }) => sum + begun, 0);
}
