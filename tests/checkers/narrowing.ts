/**
 * Makes a compiled history easier to search without changing whether it has an order.
 *
 * A history has an order if and only if each operation that takes effect can be given a moment
 * between its `low` and its `high` such that the moments never decrease along the order. Every rule
 * below moves a bound, or removes an operation, in a way that any such order survives; the proof
 * stands at each rule. Rules may be applied in any sequence and any number of times.
 */
import type { CompiledHistory } from './compiled-history.js';
import { Overwriting } from './overwriting.js';

/** Chains of program order and of values may need several rounds; any number of them is sound. */
const MAX_ROUNDS = 8;

/** Numbers of the operations that matter. With no rounds all bounds stay as they were seen. */
export function narrow(history: CompiledHistory, maxRounds = MAX_ROUNDS): number[] {
  const sources = soleSources(history);
  const overwriting = new Overwriting(history, sources);
  for (let round = 0; round < maxRounds; round += 1) {
    const byValue = narrowByValue(history, sources);
    const bySession = narrowBySession(history);
    const byKey = overwriting.narrow();
    if (!byValue && !bySession && !byKey) break;
  }
  return withoutUseless(history);
}

/**
 * The only operation that can have left each value that was read, -1 where there are several or
 * none. If its outcome is unknown it did take effect: without it the value cannot have been read.
 */
function soleSources(history: CompiledHistory): Int32Array {
  const { writers, isMandatory, keys } = history;
  const sources = new Int32Array(history.valueCount).fill(-1);
  for (let value = 2 * keys.length; value < history.valueCount; value += 1) {
    const [source, ...others] = writers[value] ?? [];
    if (source === undefined || others.length > 0) continue;
    sources[value] = source;
    isMandatory[source] = 1;
  }
  return sources;
}

/**
 * The sole source of a value takes effect before each of its reads, so its moment is at most the
 * latest moment of the read, and the read's moment at least the earliest of the source.
 */
function narrowByValue(history: CompiledHistory, sources: Int32Array): boolean {
  let isChanged = false;
  history.reads.forEach((pairs, read) => {
    for (let at = 1; at < pairs.length; at += 2) {
      const source = sources[pairs[at] ?? 0] ?? -1;
      if (source >= 0) isChanged = orderBounds(history, source, read) || isChanged;
    }
  });
  return isChanged;
}

/** The same holds for two successive operations of a session. */
function narrowBySession(history: CompiledHistory): boolean {
  let isChanged = false;
  history.previous.forEach((previous, next) => {
    if (previous >= 0) isChanged = orderBounds(history, previous, next) || isChanged;
  });
  return isChanged;
}

function orderBounds({ low, high }: CompiledHistory, first: number, second: number): boolean {
  const start = low[first] ?? 0;
  const end = high[second] ?? 0;
  const isChanged = start > (low[second] ?? 0) || end < (high[first] ?? 0);
  if (start > (low[second] ?? 0)) low[second] = start;
  if (end < (high[first] ?? 0)) high[first] = end;
  return isChanged;
}

/**
 * An operation that may never have taken effect is left out if nobody could have seen that it did.
 *
 * A SET: no GET returned a value of it, and no count above zero (a count of zero is a read of
 * absence, see `compiled-history.ts`) ends after its call and names a key of it. Take an order with
 * it and delete it there. What follows, up to the next write of the same key, sees another value
 * instead. It is no GET of a value, for none returned this one; no GET of absence, for the key
 * existed; and no count, for each ended before the SET could take effect. So nothing changes.
 *
 * A DEL: no GET of absence and no count below its number of keys ends after its call and names a
 * key of it. What sees its effect sees a key absent, so it would be one of these.
 */
function withoutUseless(history: CompiledHistory): number[] {
  const { keys, reads, counted, count, writes, low, high, isMandatory } = history;
  const presenceUntil = new Float64Array(keys.length).fill(-Infinity);
  const absenceUntil = new Float64Array(keys.length).fill(-Infinity);
  const extend = (until: Float64Array, key: number, end: number): void => {
    if (end > (until[key] ?? 0)) until[key] = end;
  };
  reads.forEach((pairs, i) => {
    for (let at = 0; at < pairs.length; at += 2) {
      const key = pairs[at] ?? 0;
      if (pairs[at + 1] === key) extend(absenceUntil, key, high[i] ?? 0);
    }
  });
  counted.forEach((names, i) => {
    for (const key of names) {
      extend(presenceUntil, key, high[i] ?? 0);
      if ((count[i] ?? 0) < names.length) extend(absenceUntil, key, high[i] ?? 0);
    }
  });
  return [...history.operations.keys()].filter((i) => {
    if (isMandatory[i] === 1) return true;
    const pairs = writes[i] ?? [];
    for (let at = 0; at < pairs.length; at += 2) {
      const key = pairs[at] ?? 0;
      const value = pairs[at + 1] ?? 0;
      if (value >= 2 * keys.length) return true;
      const until = value === key ? absenceUntil : presenceUntil;
      if ((until[key] ?? 0) >= (low[i] ?? 0)) return true;
    }
    return false;
  });
}
