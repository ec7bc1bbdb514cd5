/**
 * A history with keys, values and operations as small integers, which is what the search works on.
 *
 * Operations that never take effect are not in it. Key k has the value k while it does not exist,
 * and the value `keyCount + k` for everything that no GET ever returned: nobody can tell such
 * values from each other, so they are one value. Every other pair of key and value has a number of
 * its own from `2 * keyCount` on. Replies that say "none of these keys exist" are reads of their
 * absence. Knows nothing of orders.
 */
import type { Action, Operation } from './history.js';

export interface CompiledHistory {
  /** An operation's number is its place here. Reads and writes that may have taken effect. */
  readonly operations: readonly Operation[];
  /** The others, for explanations. */
  readonly failed: readonly Operation[];
  readonly keys: readonly string[];
  readonly valueCount: number;
  /** It takes effect at some moment from `low` to `high`; `narrowing.ts` moves them together. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Takes effect for certain; the others may never do. */
  readonly isMandatory: Uint8Array;
  /** The operation of the same session that takes effect before, or -1. */
  readonly previous: Int32Array;
  /** Key, value, key, value, … that the reply showed. */
  readonly reads: readonly (readonly number[])[];
  /** Keys of which exactly `count` existed; empty when nothing was counted. */
  readonly counted: readonly (readonly number[])[];
  readonly count: Int32Array;
  /** Key, value, key, value, … that it leaves behind; each key once. */
  readonly writes: readonly (readonly number[])[];
  /** By value: the operations that leave it behind. */
  readonly writers: readonly (readonly number[])[];
}

export class HistoryError extends Error {
  override readonly name = 'HistoryError';
  readonly code = 'malformed-history';
}

export function compileHistory(history: readonly Operation[]): CompiledHistory {
  const operations = history.filter(mayTakeEffect);
  operations.forEach(check);
  const numbering = new Numbering(operations);
  const reads: number[][] = [];
  const counted: number[][] = [];
  const writes: number[][] = [];
  const count = new Int32Array(operations.length);
  operations.forEach((operation, i) => {
    const effect = numbering.effectOf(operation);
    reads.push(effect.reads);
    counted.push(effect.counted);
    writes.push(effect.writes);
    count[i] = effect.count;
  });
  const writers: number[][] = Array.from({ length: numbering.valueCount }, () => []);
  writes.forEach((pairs, i) => {
    for (let at = 1; at < pairs.length; at += 2) writers[pairs[at] ?? 0]?.push(i);
  });
  return {
    operations,
    failed: history.filter((operation) => operation.outcome === 'failed'),
    keys: numbering.keys,
    valueCount: numbering.valueCount,
    low: Float64Array.from(operations, (operation) => operation.calledAt),
    high: Float64Array.from(operations, endOf),
    isMandatory: Uint8Array.from(operations, (operation) => (operation.outcome === 'ok' ? 1 : 0)),
    previous: programOrder(operations),
    reads,
    counted,
    count,
    writes,
    writers,
  };
}

function mayTakeEffect({ outcome, action }: Operation): boolean {
  if (outcome === 'unknown') return action.op === 'set' || action.op === 'del';
  return outcome === 'ok';
}

/** What was not answered may take effect at any later time. */
function endOf({ outcome, returnedAt }: Operation): number {
  return outcome === 'ok' ? returnedAt : Infinity;
}

function check(operation: Operation): void {
  const { serial, calledAt, action } = operation;
  if (!(endOf(operation) >= calledAt)) {
    throw new HistoryError(`operation ${serial} returned before it was called`);
  }
  if (keysOf(action).length === 0) throw new HistoryError(`operation ${serial} names no key`);
  if (action.op === 'get' && action.values.length !== action.keys.length) {
    throw new HistoryError(`operation ${serial} has not one value for each key`);
  }
}

function programOrder(operations: readonly Operation[]): Int32Array {
  const previous = new Int32Array(operations.length).fill(-1);
  const last = new Map<number, number>();
  const order = [...operations.keys()].filter((i) => operations[i]?.outcome === 'ok');
  order.sort((a, b) => (operations[a]?.serial ?? 0) - (operations[b]?.serial ?? 0));
  for (const i of order) {
    const session = operations[i]?.session ?? 0;
    previous[i] = last.get(session) ?? -1;
    last.set(session, i);
  }
  return previous;
}

interface Effect {
  readonly reads: number[];
  readonly counted: number[];
  readonly count: number;
  readonly writes: number[];
}

function keysOf(action: Action): readonly string[] {
  return action.op === 'set' ? action.pairs.map(([key]) => key) : action.keys;
}

/** Hands out the numbers: first all keys, then the values that were returned. */
class Numbering {
  readonly keys: string[] = [];
  valueCount: number;
  private readonly keyNumbers = new Map<string, number>();
  private readonly valueNumbers: Map<string, number>[] = [];

  constructor(operations: readonly Operation[]) {
    for (const { action } of operations) {
      for (const key of keysOf(action)) {
        if (this.keyNumbers.has(key)) continue;
        this.keyNumbers.set(key, this.keys.length);
        this.keys.push(key);
        this.valueNumbers.push(new Map());
      }
    }
    this.valueCount = 2 * this.keys.length;
    for (const { action } of operations) if (action.op === 'get') this.numberValues(action);
  }

  effectOf({ action }: Operation): Effect {
    switch (action.op) {
      case 'get': {
        const reads = action.keys.flatMap((key, i) => {
          const k = this.keyOf(key);
          const value = action.values[i] ?? null;
          return [k, value === null ? k : this.valueOf(k, value)];
        });
        return { reads, counted: [], count: 0, writes: [] };
      }
      case 'set': {
        // Of a key that is named twice the last value stays.
        const last = new Map(action.pairs.map(([key, value]) => [this.keyOf(key), value]));
        const writes = [...last].flatMap(([k, value]) => [k, this.valueOf(k, value)]);
        return { reads: [], counted: [], count: 0, writes };
      }
      case 'del': {
        const keys = [...new Set(action.keys.map((key) => this.keyOf(key)))];
        if (action.found === 0) return absence(keys);
        const counted = action.found === null ? [] : keys;
        const writes = keys.flatMap((k) => [k, k]);
        return { reads: [], counted, count: action.found ?? 0, writes };
      }
      case 'exists': {
        const keys = action.keys.map((key) => this.keyOf(key));
        if (action.found === 0) return absence(keys);
        return { reads: [], counted: keys, count: action.found, writes: [] };
      }
    }
  }

  private numberValues({ keys, values }: Action & { readonly op: 'get' }): void {
    keys.forEach((key, i) => {
      const numbers = this.valueNumbers[this.keyOf(key)];
      const value = values[i] ?? null;
      if (value === null || numbers === undefined || numbers.has(value)) return;
      numbers.set(value, this.valueCount);
      this.valueCount += 1;
    });
  }

  private keyOf(key: string): number {
    return this.keyNumbers.get(key) ?? 0;
  }

  private valueOf(k: number, value: string): number {
    return this.valueNumbers[k]?.get(value) ?? this.keys.length + k;
  }
}

function absence(keys: readonly number[]): Effect {
  return { reads: keys.flatMap((k) => [k, k]), counted: [], count: 0, writes: [] };
}
