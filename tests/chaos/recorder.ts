/**
 * The history of a run as its clients saw it: one operation a line, in the form of
 * `tests/checkers/history.ts`, on disk as soon as it has ended. Times are milliseconds of the
 * harness's monotonic clock.
 */
import { appendFileSync } from 'node:fs';
import type { Action, Operation } from '../checkers/history.js';

/** Lines are gathered so that writing them costs the clients no time. */
const LINES_AT_ONCE = 200;

export class HistoryRecorder {
  readonly operations: Operation[] = [];
  /** When writes were acknowledged, in order. */
  readonly acknowledgedAt: number[] = [];
  /** By the code of the error: how many, and what the first one said. */
  readonly refusals = new Map<string, { count: number; readonly first: string }>();
  /** When anything was refused, in order. */
  readonly refusedAt: number[] = [];
  unknown = 0;
  refused = 0;
  readsRefused = 0;
  #serial = 0;
  #session = 0;
  #lines: string[] = [];

  constructor(private readonly path: string) {}

  newSession(): number {
    this.#session += 1;
    return this.#session;
  }

  /** An operation that is sent now; it enters the history when it is settled. */
  begin(session: number): Pick<Operation, 'session' | 'serial' | 'calledAt'> {
    this.#serial += 1;
    return { session, serial: this.#serial, calledAt: performance.now() };
  }

  ok(begun: ReturnType<HistoryRecorder['begin']>, action: Action): void {
    const returnedAt = performance.now();
    if (action.op === 'set' || action.op === 'del') this.acknowledgedAt.push(returnedAt);
    this.#add({ ...begun, returnedAt, outcome: 'ok', action });
  }

  /** A write whose answer did not say what became of it, or never came. */
  lost(begun: ReturnType<HistoryRecorder['begin']>, action: Action): void {
    if (action.op !== 'set' && action.op !== 'del') return;
    this.unknown += 1;
    this.#add({ ...begun, returnedAt: Infinity, outcome: 'unknown', action });
  }

  failed(begun: ReturnType<HistoryRecorder['begin']>, action: Action, message: string): void {
    const code = message.split(' ')[0] ?? '';
    const refusals = this.refusals.get(code) ?? { count: 0, first: message };
    this.refusals.set(code, refusals);
    refusals.count += 1;
    this.refusedAt.push(performance.now());
    if (action.op !== 'set' && action.op !== 'del') {
      this.readsRefused += 1;
      return;
    }
    this.refused += 1;
    this.#add({ ...begun, returnedAt: performance.now(), outcome: 'failed', action });
  }

  flush(): void {
    if (this.#lines.length > 0) appendFileSync(this.path, this.#lines.join(''));
    this.#lines = [];
  }

  #add(operation: Operation): void {
    this.operations.push(operation);
    // JSON has no infinity: it becomes null.
    this.#lines.push(`${JSON.stringify(operation)}\n`);
    if (this.#lines.length >= LINES_AT_ONCE) this.flush();
  }
}
