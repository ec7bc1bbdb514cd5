/**
 * Says in words why a group of operations has no order: which operation could not be placed, what
 * the keys held at that point of the longest order tried, and who its neighbours are.
 */
import type { CompiledHistory } from './compiled-history.js';
import type { Action, Operation, Value } from './history.js';
import type { Group } from './placement-search.js';

const NEIGHBOURS = 6;
const FACTS = 20;
const VALUE_CHARACTERS = 24;

/** One operation: what, which reply, whose, when. */
export function describeOperation(operation: Operation): string {
  const { action, session, serial, calledAt, outcome } = operation;
  const end = outcome === 'ok' ? `${operation.returnedAt}` : outcome;
  return `${describeAction(action)} (session ${session}, serial ${serial}, ${calledAt} to ${end})`;
}

function describeAction(action: Action): string {
  switch (action.op) {
    case 'set':
      return `SET ${action.pairs.map(([key, value]) => `${key}=${shorten(value)}`).join(' ')}`;
    case 'del':
      return `DEL ${action.keys.join(' ')} -> ${action.found ?? 'count not known'}`;
    case 'get':
      return `GET ${action.keys.join(' ')} -> ${action.values.map(shorten).join(' ')}`;
    case 'exists':
      return `EXISTS ${action.keys.join(' ')} -> ${action.found}`;
  }
}

function shorten(value: Value): string {
  if (value === null) return 'nil';
  if (value.length <= VALUE_CHARACTERS) return value;
  return `${value.slice(0, VALUE_CHARACTERS)}…`;
}

/** A value that was read and that nothing can have written; null if there is none. */
export function explainUnwritten(
  history: CompiledHistory,
): { readonly keys: string[]; readonly explanation: string } | null {
  const presentFrom = 2 * history.keys.length;
  for (const [op, reads] of history.reads.entries()) {
    for (let at = 0; at < reads.length; at += 2) {
      const value = reads[at + 1] ?? 0;
      if (value < presentFrom || (history.writers[value] ?? []).length > 0) continue;
      const read = history.operations[op];
      const key = history.keys[reads[at] ?? 0] ?? '';
      if (read?.action.op !== 'get') continue;
      const shown = read.action.values[at / 2] ?? null;
      const refused = history.failed.find(
        ({ action }) =>
          action.op === 'set' && action.pairs.some(([k, v]) => k === key && v === shown),
      );
      const why =
        refused === undefined
          ? 'which no operation wrote'
          : `which only a failed operation wrote: ${describeOperation(refused)}`;
      const explanation = `${describeOperation(read)} shows ${key}=${shorten(shown)}, ${why}`;
      return { keys: [key], explanation };
    }
  }
  return null;
}

/** Operations that have no order together, as clients saw them. */
export function explainFacts(operations: readonly Operation[]): string {
  const named = operations.slice(0, FACTS).map((operation) => `  ${describeOperation(operation)}`);
  const more = operations.length > FACTS ? [`  and ${operations.length - FACTS} others`] : [];
  return ['these have no order that explains their replies:', ...named, ...more].join('\n');
}

/** `furthest` is the longest sequence of the group's operations that explains its replies. */
export function explainStuck(
  history: CompiledHistory,
  { operations }: Group,
  furthest: readonly number[],
): string {
  const placed = new Set(furthest);
  const left = operations.filter((op) => !placed.has(op) && history.isMandatory[op] === 1);
  const { high, low } = history;
  const stuck = left.reduce((a, b) => ((high[b] ?? 0) < (high[a] ?? 0) ? b : a), left[0] ?? 0);
  const operation = history.operations[stuck];
  if (operation === undefined) return 'no operation is left';
  const end = high[stuck] ?? 0;
  const open = left.filter((op) => op !== stuck && (low[op] ?? 0) <= end).slice(0, NEIGHBOURS);
  const lines = [`the one that could not be placed: ${describeOperation(operation)}`];
  if (operation.outcome !== 'ok' || end < operation.returnedAt) {
    lines.push(`it must take effect by ${end}: later replies depend on it`);
  }
  const hindered = readsBefore(history, left, stuck, furthest);
  for (const op of hindered.slice(0, NEIGHBOURS)) {
    const read = history.operations[op];
    if (read !== undefined) lines.push(`it must not come before ${describeOperation(read)}`);
  }
  lines.push(`the keys hold: ${describeState(history, operations, furthest)}`);
  const list = (title: string, ops: readonly number[]): void => {
    if (ops.length > 0) lines.push(`${title}:`);
    for (const op of ops) {
      const each = history.operations[op];
      if (each !== undefined) lines.push(`  ${describeOperation(each)}`);
    }
  };
  list('placed last, in this order', furthest.slice(-NEIGHBOURS));
  list('not placed either and possible at the same time', open);
  return lines.join('\n');
}

/** Reads not yet placed of values that the operation would overwrite. */
function readsBefore(
  history: CompiledHistory,
  left: readonly number[],
  stuck: number,
  sequence: readonly number[],
): number[] {
  const { reads, writes } = history;
  const state = new Map<number, number>();
  for (const op of sequence) {
    const pairs = writes[op] ?? [];
    for (let at = 0; at < pairs.length; at += 2) state.set(pairs[at] ?? 0, pairs[at + 1] ?? 0);
  }
  const written = (writes[stuck] ?? []).filter((_, at) => at % 2 === 0);
  return left.filter((op) =>
    written.some((key) => {
      const held = state.get(key) ?? key;
      const pairs = reads[op] ?? [];
      return pairs.some((value, at) => at % 2 === 1 && value === held);
    }),
  );
}

/** What the keys of these operations hold behind the sequence. */
function describeState(
  history: CompiledHistory,
  operations: readonly number[],
  sequence: readonly number[],
): string {
  const state = new Map<string, Value>();
  const name = (op: number): readonly string[] => {
    const action = history.operations[op]?.action;
    if (action === undefined) return [];
    return action.op === 'set' ? action.pairs.map(([key]) => key) : action.keys;
  };
  for (const op of operations) for (const key of name(op)) state.set(key, null);
  for (const op of sequence) {
    const action = history.operations[op]?.action;
    if (action?.op === 'set') for (const [key, value] of action.pairs) state.set(key, value);
    if (action?.op === 'del') for (const key of action.keys) state.set(key, null);
  }
  return [...state].map(([key, value]) => `${key}=${shorten(value)}`).join(' ');
}
