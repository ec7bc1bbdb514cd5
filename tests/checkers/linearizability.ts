/**
 * Whether what clients saw can be explained by one order of all operations in which each takes
 * effect at once, between its call and its return: linearizability (Herlihy and Wing, 1990), and
 * within a session the order in which its requests were sent.
 *
 * Operations that share no key, not even through others, are searched apart: their orders can
 * always be joined as far as time is concerned. Program order can forbid it; then the groups that
 * are in each other's way are searched together (`weaving.ts`), so the verdict is exact. Equal
 * times count as overlapping.
 */
import { type CompiledHistory, compileHistory } from './compiled-history.js';
import { contradiction } from './contradiction.js';
import { explainFacts, explainStuck, explainUnwritten } from './explanation.js';
import type { Operation } from './history.js';
import { narrow } from './narrowing.js';
import { type Group, PlacementSearch, type StepCount } from './placement-search.js';
import { weave } from './weaving.js';

export type LinearizabilityVerdict =
  | { readonly ok: true; readonly steps: number }
  | {
      readonly ok: false;
      /** Of the group of operations that has no order. */
      readonly keys: readonly string[];
      readonly explanation: string;
    }
  | { readonly ok: null; readonly keys: readonly string[]; readonly reason: 'too many steps' };

/** Of one search; it ends after some seconds and some tens of megabytes at the most. */
const DEFAULT_MAX_STEPS = 200_000;

/** Of each and of all searches for the facts that explain a violation. */
const EXPLAINING_STEPS = 5_000;
const ALL_EXPLAINING_STEPS = 200_000;

/** A group with an order; `parts` are the groups of connected keys in it. */
interface Solved {
  readonly parts: readonly Group[];
  readonly group: Group;
  readonly sequence: readonly number[];
}

/** What was found before it is put into words. */
type Finding =
  | { readonly ok: true; readonly steps: number }
  | { readonly ok: false; readonly group: Group; readonly furthest: readonly number[] }
  | { readonly ok: null; readonly group: Group };

export function checkLinearizable(
  operations: readonly Operation[],
  options: { readonly maxSteps?: number } = {},
): LinearizabilityVerdict {
  const history = compileHistory(operations);
  const unwritten = explainUnwritten(history);
  if (unwritten !== null) return { ok: false, ...unwritten };
  const finding = decide(history, { steps: 0 }, options.maxSteps ?? DEFAULT_MAX_STEPS);
  if (finding.ok === true) return finding;
  const keys = finding.group.keys.map((key) => history.keys[key] ?? '');
  if (finding.ok === null) return { ok: null, keys, reason: 'too many steps' };
  const explanation = explain(operations) ?? explainStuck(history, finding.group, finding.furthest);
  return { ok: false, keys, explanation };
}

/** In terms of the fewest facts; null if these are not found within the steps for it. */
function explain(operations: readonly Operation[]): string | null {
  const count: StepCount = { steps: 0 };
  const facts = contradiction(operations, (some) => {
    const left = ALL_EXPLAINING_STEPS - count.steps;
    return decide(compileHistory(some), count, Math.min(left, EXPLAINING_STEPS)).ok === false;
  });
  // The few facts are searched as one group and with the bounds that people know.
  const history = compileHistory(facts);
  const parts = groupsOf(history, narrow(history, 0));
  const group = merge(history, parts);
  const search = new PlacementSearch(history, group, { steps: 0 });
  if (search.run(ALL_EXPLAINING_STEPS) !== 'none') return null;
  const originals = new Map(operations.map((operation) => [operation.serial, operation]));
  const named = history.operations.map((fact) => originals.get(fact.serial) ?? fact);
  const certain = group.operations.filter((op) => history.isMandatory[op] === 1);
  const stuck = explainStuck({ ...history, operations: named }, group, search.furthest);
  return `${explainFacts(certain.flatMap((op) => named[op] ?? []))}\n${stuck}`;
}

function decide(history: CompiledHistory, count: StepCount, maxSteps: number): Finding {
  let pending = groupsOf(history, narrow(history)).map((group) => [group]);
  let solved: Solved[] = [];
  let isAgain = false;
  for (;;) {
    let open: Group | null = null;
    for (const parts of pending) {
      const group = merge(history, parts);
      const searches = parts.map((part) => new PlacementSearch(history, part, count));
      const search = new PlacementSearch(history, group, count, parts.length > 1 ? searches : []);
      // A group that takes too long must not hide that another one has no order.
      const outcome = search.run(count.steps + maxSteps);
      if (outcome === 'none') return { ok: false, group, furthest: search.furthest };
      if (outcome === 'open') open = group;
      else solved.push({ parts, group, sequence: [...search.sequence] });
    }
    if (open !== null) return { ok: null, group: open };
    const sequences = solved.map(({ sequence }) => sequence);
    const tangled = weave(history, sequences);
    if (tangled === null) return { ok: true, steps: count.steps };
    const isTangled = (_: Solved, index: number): boolean => isAgain || tangled.includes(index);
    pending = [solved.filter(isTangled).flatMap(({ parts }) => parts)];
    solved = solved.filter((each, index) => !isTangled(each, index));
    isAgain = true;
  }
}

function merge(history: CompiledHistory, parts: readonly Group[]): Group {
  const operations = parts.flatMap((part) => part.operations);
  return {
    operations: operations.sort((a, b) => (history.low[a] ?? 0) - (history.low[b] ?? 0)),
    keys: parts.flatMap((part) => part.keys),
  };
}

/** Operations that share keys, directly or through others. */
function groupsOf(history: CompiledHistory, operations: readonly number[]): Group[] {
  const parents = Int32Array.from(history.keys.keys());
  const rootOf = (key: number): number => {
    let root = key;
    while (parents[root] !== root) root = parents[root] ?? root;
    parents[key] = root;
    return root;
  };
  const firstKeys = new Map<number, number>();
  for (const op of operations) {
    const keys = keysOf(history, op);
    const [first] = keys;
    if (first === undefined) continue;
    firstKeys.set(op, first);
    for (const key of keys) parents[rootOf(key)] = rootOf(first);
  }
  const groups = new Map<number, { operations: number[]; keys: number[] }>();
  const groupOf = (key: number): { operations: number[]; keys: number[] } => {
    const root = rootOf(key);
    const group = groups.get(root) ?? { operations: [], keys: [] };
    groups.set(root, group);
    return group;
  };
  const sorted = [...operations].sort((a, b) => (history.low[a] ?? 0) - (history.low[b] ?? 0));
  for (const op of sorted) {
    const first = firstKeys.get(op);
    if (first !== undefined) groupOf(first).operations.push(op);
  }
  for (const key of history.keys.keys()) groupOf(key).keys.push(key);
  return [...groups.values()].filter((group) => group.operations.length > 0);
}

function keysOf(history: CompiledHistory, op: number): number[] {
  const even = (_: number, at: number): boolean => at % 2 === 0;
  return [
    ...(history.reads[op] ?? []).filter(even),
    ...(history.writes[op] ?? []).filter(even),
    ...(history.counted[op] ?? []),
  ];
}
