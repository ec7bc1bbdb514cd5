/**
 * Looks for an order of one group of operations that explains all its replies.
 *
 * The search of Wing and Gong (1993) with the memory of Lowe (2017): place, one after the other, an
 * operation that may come next, and give up a branch whose set of placed operations and whose keys
 * have been met before. A search of several groups with different keys asks each of them in
 * addition whether it can still be finished by itself. If not, the branch is dead, however much of
 * the other groups could still be placed; without this such a dead end is found late and often.
 * Time and memory are bounded by the number of steps that the caller grants.
 */
import { Candidates } from './candidates.js';
import type { CompiledHistory } from './compiled-history.js';
import { Placement } from './placement.js';
import { SeenStates } from './seen-states.js';

export interface Group {
  /** Numbers of operations, by their `low`. */
  readonly operations: readonly number[];
  readonly keys: readonly number[];
}

/** Steps that all searches of one check have taken. */
export interface StepCount {
  steps: number;
}

export type SearchOutcome = 'order' | 'none' | 'open';

interface Frame {
  /** Operations placed before its choices, and the latest start of the next one. */
  readonly length: number;
  readonly limit: number;
  /** Place of its state among those met. */
  readonly state: number;
  /** Where its choices start among all, and which one is next. */
  readonly first: number;
  next: number;
  /** Parts that made the choices fail which were tried. */
  conflict: number;
}

/** Parts are bits of an integer; where there are more of them, some share a bit. */
const PART_BITS = 31;
const EVERY_PART = -1;

export class PlacementSearch {
  /** The longest sequence behind which nothing could be placed. */
  furthest: readonly number[] = [];
  private readonly placement: Placement;
  private readonly candidates: Candidates;
  private readonly seen: SeenStates;
  private readonly frames: Frame[] = [];
  private readonly choices: number[] = [];
  /** As a part of another search. */
  private bit = EVERY_PART;
  private readonly partOf: (PlacementSearch | undefined)[] = [];

  /** `parts` are fresh searches of the groups that this one is made of, or none. */
  constructor(
    history: CompiledHistory,
    readonly group: Group,
    private readonly count: StepCount,
    parts: readonly PlacementSearch[] = [],
  ) {
    this.placement = new Placement(history);
    this.placement.begin(group.operations, group.keys);
    this.candidates = new Candidates(history, this.placement, group.operations);
    this.seen = new SeenStates(this.placement.row.length);
    parts.forEach((part, i) => {
      part.bit = 1 << (i % PART_BITS);
      for (const op of part.group.operations) this.partOf[op] = part;
    });
    this.placement.mirrorIn(this.partOf.map((part) => part?.placement));
  }

  get sequence(): readonly number[] {
    return this.placement.sequence;
  }

  /** Goes on from what is placed; behind an `order` the placement is the whole order. */
  run(lastStep: number): SearchOutcome {
    const { placement, frames, choices, count, candidates, seen } = this;
    frames.length = choices.length = 0;
    for (;;) {
      if (count.steps >= lastStep) return 'open';
      count.steps += 1;
      const limit = candidates.settle();
      if (placement.mandatoryLeft === 0) return 'order';
      const known = seen.size;
      const state = seen.find(placement.hash, placement.row);
      if (seen.leadsOn(state)) return 'order';
      let conflict = seen.conflictOf(state);
      if (state === known) {
        const first = choices.length;
        candidates.addChoices(choices, limit);
        const { length } = placement.sequence;
        frames.push({ length, limit, state, first, next: first, conflict: 0 });
        conflict = 0;
      }
      if (!this.advance(conflict, lastStep)) return 'none';
    }
  }

  /** Whether what is placed cannot be completed. Leaves it as it is. */
  private isHopeless(lastStep: number): boolean {
    const { length } = this.placement.sequence;
    const outcome = this.run(lastStep);
    if (outcome === 'order') for (const { state } of this.frames) this.seen.setLeadsOn(state);
    this.placement.takeBack(length);
    return outcome === 'none';
  }

  /**
   * Tries the next choice of the innermost branch that has one. `conflict` says why the last one
   * failed, 0 if none was tried yet.
   *
   * A conflict is a set of parts whose operations have no order from here on, even if the other
   * parts had no operations. If the part of the last choice is not in it, the conflict was there
   * before that choice, and no other choice of the branch can help: the branch is dead for the same
   * reason. Otherwise the branch is dead when all choices are, for all their reasons together and
   * for what keeps other operations of these parts from being a choice.
   */
  private advance(conflict: number, lastStep: number): boolean {
    const { frames, choices, placement } = this;
    let reason = conflict;
    for (;;) {
      const frame = frames.at(-1);
      if (frame === undefined) return false;
      const last = choices[frame.next - 1] ?? -1;
      const isFresh = frame.next === frame.first;
      const isElsewhere = !isFresh && (reason & this.bitOf(last)) === 0;
      if (!isFresh) frame.conflict |= reason;
      const choice = choices[frame.next];
      if (!isElsewhere && choice !== undefined) {
        placement.takeBack(frame.length);
        placement.place(choice);
        frame.next += 1;
        if (this.partOf[choice]?.isHopeless(lastStep) !== true) return true;
        reason = this.bitOf(choice);
        continue;
      }
      if (!isElsewhere) reason = this.reasonOf(frame);
      this.seen.setConflict(frame.state, reason);
      choices.length = frame.first;
      frames.pop();
    }
  }

  /** Why a branch without further choices is dead. */
  private reasonOf(frame: Frame): number {
    const { placement, candidates } = this;
    placement.takeBack(frame.length);
    if (frame.length >= this.furthest.length) this.furthest = [...placement.sequence];
    if (this.partOf.length === 0) return EVERY_PART;
    return candidates.withBlockers(frame.conflict, frame.limit, (op) => this.bitOf(op));
  }

  private bitOf(op: number): number {
    const part = this.partOf[op];
    return part === undefined ? EVERY_PART : part.bit;
  }
}
