/**
 * The fast checker and the plain one say the same of thousands of small histories, of which fair
 * shares have an order and have none; so do the search by groups and one without groups on larger
 * ones; and the fast one accepts large histories that a store made.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import { isLinearizable } from '../../checkers/brute-force.js';
import { compileHistory } from '../../checkers/compiled-history.js';
import { explainUnwritten } from '../../checkers/explanation.js';
import type { Action, Operation, Value } from '../../checkers/history.js';
import { checkLinearizable } from '../../checkers/linearizability.js';
import { narrow } from '../../checkers/narrowing.js';
import { PlacementSearch } from '../../checkers/placement-search.js';
import { randomHistory } from '../../checkers/random-history.js';

const SMALL_HISTORIES = 6000;
const MEDIUM_HISTORIES = 1500;
const LARGE_HISTORIES = 60;
/** A few seconds on an idle processor. */
const MOST_MS = 60_000;

/** What one operation asks; its reply comes from a map that is played at `effect`. */
interface Draft {
  readonly op: Action['op'];
  readonly keys: readonly string[];
  readonly session: number;
  readonly outcome: Operation['outcome'];
  readonly calledAt: number;
  readonly duration: number;
  readonly effect: number;
  /** Happens by itself although the outcome is not known. */
  readonly happens: boolean;
  /** Values may repeat: 0 stands for one of its own. */
  readonly value: number;
  /** Its reply is replaced by another one; 0 leaves it. */
  readonly lie: number;
}

const someKeys = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(['a'], ['b']) },
  { weight: 3, arbitrary: fc.constantFrom(['a', 'b'], ['b', 'c']) },
  { weight: 1, arbitrary: fc.constantFrom(['a', 'a'], ['c'], ['a', 'b', 'c']) },
);

const draft: fc.Arbitrary<Draft> = fc.record({
  op: fc.constantFrom<Action['op'][]>('set', 'set', 'set', 'get', 'get', 'get', 'del', 'exists'),
  keys: someKeys,
  session: fc.integer({ min: 1, max: 3 }),
  outcome: fc.constantFrom<Operation['outcome'][]>('ok', 'ok', 'ok', 'ok', 'unknown', 'failed'),
  calledAt: fc.integer({ min: 0, max: 12 }),
  duration: fc.integer({ min: 0, max: 12 }),
  effect: fc.double({ min: 0, max: 1, noNaN: true }),
  happens: fc.boolean(),
  value: fc.constantFrom(0, 0, 0, 0, 1),
  lie: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, 2),
});

/** Serials grow with the calls, as on one connection. */
function historyOf(drafts: readonly Draft[]): Operation[] {
  const called = [...drafts].sort((a, b) => a.calledAt - b.calledAt);
  const byEffect = called.map((each, serial) => ({ ...each, serial }));
  byEffect.sort((a, b) => a.calledAt + a.effect * a.duration - b.calledAt - b.effect * b.duration);
  const state = new Map<string, string>();
  const history: Operation[] = [];
  for (const each of byEffect) {
    const isWrite = each.op === 'set' || each.op === 'del';
    if (!isWrite && each.outcome !== 'ok') continue;
    const isApplied = each.outcome === 'ok' || (each.outcome === 'unknown' && each.happens);
    const action = play(isApplied ? state : new Map(state), each, each.serial);
    const { session, serial, calledAt, duration, outcome } = each;
    const returnedAt = outcome === 'unknown' ? Infinity : calledAt + duration;
    history.push({ session, serial, calledAt, returnedAt, outcome, action });
  }
  return history;
}

function play(state: Map<string, string>, each: Draft, serial: number): Action {
  const { op, keys, lie } = each;
  switch (op) {
    case 'set': {
      const value = each.value === 0 ? `v${serial}` : 'same';
      for (const key of keys) state.set(key, value);
      return { op, pairs: keys.map((key) => [key, value] as const) };
    }
    case 'del': {
      const found = keys.filter((key) => state.delete(key)).length;
      return { op, keys, found: each.outcome === 'ok' ? (found + lie) % (keys.length + 1) : null };
    }
    case 'get': {
      const others: Value[] = [null, ...state.values(), 'same', 'v1'];
      const values = keys.map((key) => state.get(key) ?? null);
      if (lie > 0) values[0] = others[(lie * 7 + serial) % others.length] ?? null;
      return { op, keys, values };
    }
    case 'exists': {
      const found = keys.filter((key) => state.has(key)).length;
      return { op, keys, found: (found + lie) % (keys.length + 1) };
    }
  }
}

describe('the two checkers of linearizability', function () {
  this.timeout(MOST_MS);

  it('agree on small histories', () => {
    const counts = { legal: 0, illegal: 0 };
    fc.assert(
      fc.property(fc.array(draft, { minLength: 2, maxLength: 7 }), (drafts) => {
        const history = historyOf(drafts);
        const isLegal = isLinearizable(history);
        counts[isLegal ? 'legal' : 'illegal'] += 1;
        expect(checkLinearizable(history).ok).to.equal(isLegal);
      }),
      { numRuns: SMALL_HISTORIES },
    );
    expect(counts.legal).to.be.above(SMALL_HISTORIES / 10);
    expect(counts.illegal).to.be.above(SMALL_HISTORIES / 10);
  });
});

/** Pipelines over several keys, in which two requests of one session may have changed places. */
function mediumHistory(prng: Prng): Operation[] {
  const history = randomHistory(prng, {
    sessions: 2 + prng.below(3),
    operationsPerSession: 4 + prng.below(5),
    keys: 2 + prng.below(3),
    pairs: prng.below(2),
    pipeline: 2 + prng.below(4),
    reads: 0.45,
    deletes: 0.2,
    unknown: 0.15,
    never: 0.5,
    failed: 0,
  });
  const { session, serial } = history[prng.below(history.length)] ?? { session: 0, serial: 0 };
  const other = history.find((each) => each.session === session && each.serial === serial + 1);
  if (other === undefined || prng.chance(0.2)) return history;
  return history.map((each) => {
    if (each === other) return { ...each, serial };
    return each.serial === serial ? { ...each, serial: serial + 1 } : each;
  });
}

/** One search over all keys, with the bounds as they were seen. */
function hasOrderAtOnce(operations: readonly Operation[]): boolean {
  const history = compileHistory(operations);
  if (explainUnwritten(history) !== null) return false;
  const low = (op: number): number => history.low[op] ?? 0;
  const ordered = narrow(history, 0).sort((a, b) => low(a) - low(b));
  const group = { operations: ordered, keys: [...history.keys.keys()] };
  return new PlacementSearch(history, group, { steps: 0 }).run(Infinity) === 'order';
}

describe('the checker of linearizability, group by group,', function () {
  this.timeout(MOST_MS);

  it('says what a search of all keys at once says', () => {
    const counts = { legal: 0, illegal: 0 };
    for (let seed = 1; seed <= MEDIUM_HISTORIES; seed += 1) {
      const history = mediumHistory(new Prng(seed));
      const isLegal = hasOrderAtOnce(history);
      counts[isLegal ? 'legal' : 'illegal'] += 1;
      expect(checkLinearizable(history).ok, `seed ${seed}`).to.equal(isLegal);
    }
    expect(counts.legal).to.be.above(MEDIUM_HISTORIES / 10);
    expect(counts.illegal).to.be.above(MEDIUM_HISTORIES / 20);
  });
});

describe('the checker of linearizability accepts what a store did', () => {
  for (let seed = 1; seed <= LARGE_HISTORIES; seed += 1) {
    const prng = new Prng(seed);
    const options = {
      sessions: 3 + prng.below(6),
      operationsPerSession: 100,
      keys: 1 + prng.below(10),
      pairs: prng.below(6),
      pipeline: 1 + prng.below(4),
      reads: 0.33,
      deletes: 0.1 + prng.below(4) / 10,
      unknown: 0.1,
      never: 0.5,
      failed: 0.05,
    };
    it(`from seed ${seed}`, () => {
      expect(checkLinearizable(randomHistory(prng, options)).ok).to.be.true;
    });
  }
});
