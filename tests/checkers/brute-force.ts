/**
 * The meaning of `history.ts` spelt out: tries every order of every choice of operations, and plays
 * each against a map. Slow, and plain enough to be believed; it is what the real checker is held
 * against. Shares nothing with it.
 */
import type { Action, Operation, Value } from './history.js';

/** Orders grow with the factorial. */
export const MAX_OPERATIONS = 9;

export function isLinearizable(history: readonly Operation[]): boolean {
  if (history.length > MAX_OPERATIONS)
    throw new RangeError('too many operations to try all orders');
  return canGoOn(
    history.filter(({ outcome }) => outcome !== 'failed'),
    new Map(),
  );
}

/** Whether some order of the rest explains its replies; unknown ones may be left out. */
function canGoOn(rest: readonly Operation[], state: ReadonlyMap<string, string>): boolean {
  if (rest.every(({ outcome }) => outcome === 'unknown')) return true;
  return rest.some((operation) => {
    if (rest.some((other) => mustPrecede(other, operation))) return false;
    const after = new Map(state);
    return fits(operation.action, after) && canGoOn(without(rest, operation), after);
  });
}

function without(rest: readonly Operation[], operation: Operation): Operation[] {
  return rest.filter((other) => other !== operation);
}

function mustPrecede(first: Operation, second: Operation): boolean {
  if (first.outcome !== 'ok') return false;
  if (first.returnedAt < second.calledAt) return true;
  const isInSession = first.session === second.session && second.outcome === 'ok';
  return isInSession && first.serial < second.serial;
}

/** Does to the map what the action does; false if its reply would have been another one. */
function fits(action: Action, state: Map<string, string>): boolean {
  switch (action.op) {
    case 'set':
      for (const [key, value] of action.pairs) state.set(key, value);
      return true;
    case 'del': {
      const found = action.keys.filter((key) => state.delete(key)).length;
      return action.found === null || action.found === found;
    }
    case 'get':
      return action.keys.every((key, i) => held(state, key) === action.values[i]);
    case 'exists':
      return action.keys.filter((key) => state.has(key)).length === action.found;
  }
}

function held(state: ReadonlyMap<string, string>, key: string): Value {
  return state.get(key) ?? null;
}
