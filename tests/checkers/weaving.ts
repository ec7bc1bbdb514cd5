/**
 * Joins the orders that were found for groups of operations with different keys into one order of
 * all of them. Program order binds the operations of a session across groups, so that it may be
 * that each group has an order and all of them have none.
 *
 * Weaving is greedy: an operation is taken when it is the next of its group, its predecessor in its
 * session is taken, and no operation is left that must end before it starts. To take one never
 * forbids another, so the greedy way gets to the end if any way does.
 */
import type { CompiledHistory } from './compiled-history.js';

/** Null if the sequences can be woven; otherwise the numbers of groups that wait in a circle. */
export function weave(
  history: CompiledHistory,
  sequences: readonly (readonly number[])[],
): readonly number[] | null {
  const { low, high, previous } = history;
  const groupOf = new Int32Array(history.operations.length);
  sequences.forEach((sequence, group) => {
    for (const op of sequence) groupOf[op] = group;
  });
  const byEnd = sequences.flat().sort((a, b) => compare(high[a] ?? 0, high[b] ?? 0));
  const isTaken = new Uint8Array(history.operations.length);
  const positions = new Int32Array(sequences.length);
  let earliest = 0;
  /** The operation that the next one of a group waits for, or -1. */
  const blocker = (op: number): number => {
    const before = previous[op] ?? -1;
    if (before >= 0 && isTaken[before] === 0) return before;
    while (isTaken[byEnd[earliest] ?? 0] === 1) earliest += 1;
    const first = byEnd[earliest] ?? op;
    return (high[first] ?? 0) < (low[op] ?? 0) ? first : -1;
  };
  let left = byEnd.length;
  while (left > 0) {
    const before = left;
    sequences.forEach((sequence, group) => {
      for (;;) {
        const op = sequence[positions[group] ?? 0];
        if (op === undefined || blocker(op) >= 0) return;
        isTaken[op] = 1;
        positions[group] = (positions[group] ?? 0) + 1;
        left -= 1;
      }
    });
    if (left === before) {
      const heads = sequences.map((sequence, group) => sequence[positions[group] ?? 0]);
      return circle(heads.map((op) => (op === undefined ? -1 : (groupOf[blocker(op)] ?? 0))));
    }
  }
  return null;
}

/** Each group that is not done waits for another one: follow them until one comes twice. */
function circle(waitsFor: readonly number[]): number[] {
  let group = waitsFor.findIndex((other) => other >= 0);
  const met = new Set<number>();
  while (!met.has(group)) {
    met.add(group);
    group = waitsFor[group] ?? 0;
  }
  const members: number[] = [];
  const first = group;
  do {
    members.push(group);
    group = waitsFor[group] ?? 0;
  } while (group !== first);
  return members;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
