/**
 * Histories that are linearizable because a store of one map made them: sessions that pipeline, on
 * single keys and on fixed pairs of keys, with outcomes that clients did not learn. For tests of
 * the checkers and for their timing.
 */
import type { Prng } from '../../src/base/prng.js';
import type { Action, Operation } from './history.js';

export interface RandomHistoryOptions {
  readonly sessions: number;
  readonly operationsPerSession: number;
  /** Single keys, and pairs of further keys. */
  readonly keys: number;
  readonly pairs: number;
  /** Requests that one session has under way. */
  readonly pipeline: number;
  readonly reads: number;
  readonly deletes: number;
  readonly unknown: number;
  /** Unknown outcomes that never happen; the others happen, some of them late. */
  readonly never: number;
  readonly failed: number;
}

/** How many times the duration of a request an unknown one may take to happen. */
const LATE = 20;

interface Request {
  readonly session: number;
  readonly serial: number;
  readonly calledAt: number;
  readonly effectAt: number;
  readonly returnedAt: number;
  readonly outcome: Operation['outcome'];
  readonly isApplied: boolean;
  readonly action: Action;
}

export function randomHistory(prng: Prng, options: RandomHistoryOptions): Operation[] {
  const requests: Request[] = [];
  for (let session = 0; session < options.sessions; session += 1) {
    requests.push(...requestsOf(prng, session, options));
  }
  requests.sort((a, b) => a.effectAt - b.effectAt);
  const state = new Map<string, string>();
  const history = requests.map((request): Operation => {
    const { session, serial, calledAt, returnedAt, outcome } = request;
    const action = request.isApplied ? play(state, request) : request.action;
    return { session, serial, calledAt, returnedAt, outcome, action };
  });
  return history.sort((a, b) => a.calledAt - b.calledAt);
}

/** Calls, moments of effect and returns that all grow with the serial, as on one connection. */
function requestsOf(prng: Prng, session: number, options: RandomHistoryOptions): Request[] {
  const requests: Request[] = [];
  const returns: number[] = [];
  let calledAt = fraction(prng);
  let lastEffect = 0;
  let lastReturn = 0;
  for (let i = 0; i < options.operationsPerSession; i += 1) {
    calledAt = Math.max(calledAt + fraction(prng) * 0.2, returns[i - options.pipeline] ?? 0);
    const inTime = Math.max(calledAt, lastEffect) + fraction(prng) * 0.5;
    lastReturn = Math.max(inTime, lastReturn) + fraction(prng) * 0.5;
    returns.push(lastReturn);
    const serial = session * options.operationsPerSession + i;
    const action = actionOf(prng, serial, options);
    const isWrite = action.op === 'set' || action.op === 'del';
    const isUnknown = isWrite && prng.chance(options.unknown);
    const isFailed = isWrite && !isUnknown && prng.chance(options.failed);
    const isLate = isUnknown && prng.chance(0.5);
    if (!isUnknown) lastEffect = inTime;
    requests.push({
      session,
      serial,
      calledAt,
      effectAt: isLate ? calledAt + fraction(prng) * LATE : inTime,
      returnedAt: isUnknown ? Infinity : lastReturn,
      outcome: isUnknown ? 'unknown' : isFailed ? 'failed' : 'ok',
      isApplied: !isFailed && !(isUnknown && prng.chance(options.never)),
      action,
    });
  }
  return requests;
}

function actionOf(prng: Prng, serial: number, options: RandomHistoryOptions): Action {
  const which = prng.below(options.keys + options.pairs);
  const pair = which - options.keys;
  const keys = pair < 0 ? [`k${which}`] : [`p${pair}.a`, `p${pair}.b`];
  if (prng.chance(options.reads)) {
    if (prng.chance(0.1)) return { op: 'exists', keys, found: 0 };
    return { op: 'get', keys, values: keys.map(() => null) };
  }
  if (prng.chance(options.deletes)) return { op: 'del', keys, found: null };
  return { op: 'set', pairs: keys.map((key) => [key, `v${serial}`] as const) };
}

function play(state: Map<string, string>, { action, outcome }: Request): Action {
  switch (action.op) {
    case 'set':
      for (const [key, value] of action.pairs) state.set(key, value);
      return action;
    case 'del': {
      const found = action.keys.filter((key) => state.delete(key)).length;
      return { ...action, found: outcome === 'ok' ? found : null };
    }
    case 'get':
      return { ...action, values: action.keys.map((key) => state.get(key) ?? null) };
    case 'exists':
      return { ...action, found: action.keys.filter((key) => state.has(key)).length };
  }
}

function fraction(prng: Prng): number {
  return prng.next() / 2 ** 32;
}
