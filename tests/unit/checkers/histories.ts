/** Short ways to write a history down: whose, when, with which end, what. */
import type { Action, Operation, Value } from '../../checkers/history.js';

export class HistoryWriter {
  readonly operations: Operation[] = [];

  /** In the session of the client; serials grow in the order of these calls. */
  ok(session: number, calledAt: number, returnedAt: number, action: Action): this {
    return this.add(session, calledAt, returnedAt, 'ok', action);
  }

  unknown(session: number, calledAt: number, action: Action): this {
    return this.add(session, calledAt, Infinity, 'unknown', action);
  }

  failed(session: number, calledAt: number, returnedAt: number, action: Action): this {
    return this.add(session, calledAt, returnedAt, 'failed', action);
  }

  private add(
    session: number,
    calledAt: number,
    returnedAt: number,
    outcome: Operation['outcome'],
    action: Action,
  ): this {
    const serial = this.operations.length + 1;
    this.operations.push({ session, serial, calledAt, returnedAt, outcome, action });
    return this;
  }
}

export function set(values: Readonly<Record<string, string>>): Action {
  return { op: 'set', pairs: Object.entries(values) };
}

export function get(values: Readonly<Record<string, Value>>): Action {
  return { op: 'get', keys: Object.keys(values), values: Object.values(values) };
}

export function del(keys: readonly string[], found: number | null): Action {
  return { op: 'del', keys, found };
}

export function exists(keys: readonly string[], found: number): Action {
  return { op: 'exists', keys, found };
}
