/**
 * Narrows by what may not stand between a write and its reads.
 *
 * Let W be the only operation that can have left a value of a key, R the reads of that value, and X
 * another operation that certainly overwrites the key with something else. X is not between W and
 * any R. So if X ends before some R starts, X comes before W; and if X starts after W ended, every
 * R comes before X. Whatever comes first has a moment that is not later, which moves bounds as in
 * `narrowing.ts`. The value that a key has at the beginning counts as written before all time if
 * nothing can remove the key.
 */
import type { CompiledHistory } from './compiled-history.js';

/** A write and the reads of its value on one key. */
interface Cluster {
  /** -1: the beginning. */
  readonly source: number;
  readonly reads: number[];
}

interface KeyTraffic {
  readonly clusters: readonly Cluster[];
  /** Operations that certainly change the key. */
  readonly overwriters: readonly number[];
}

export class Overwriting {
  private readonly traffic: readonly KeyTraffic[];

  /** `sources`: the sole writer of each value, or -1. */
  constructor(
    private readonly history: CompiledHistory,
    sources: Int32Array,
  ) {
    const clusters = history.keys.map(() => new Map<number, Cluster>());
    const overwriters: number[][] = history.keys.map(() => []);
    history.reads.forEach((pairs, op) => {
      for (let at = 0; at < pairs.length; at += 2) {
        const key = pairs[at] ?? 0;
        const value = pairs[at + 1] ?? 0;
        const source = sources[value] ?? -1;
        const isFirst = value === key && (history.writers[value] ?? []).length === 0;
        if (source < 0 && !isFirst) continue;
        const ofKey = clusters[key];
        const cluster = ofKey?.get(value) ?? { source, reads: [] };
        ofKey?.set(value, cluster);
        cluster.reads.push(op);
      }
    });
    history.writes.forEach((pairs, op) => {
      if (history.isMandatory[op] !== 1) return;
      for (let at = 0; at < pairs.length; at += 2) overwriters[pairs[at] ?? 0]?.push(op);
    });
    this.traffic = clusters.map((ofKey, key) => ({
      clusters: [...ofKey.values()],
      overwriters: overwriters[key] ?? [],
    }));
  }

  /** Whether any bound moved. */
  narrow(): boolean {
    let isChanged = false;
    for (const key of this.traffic) {
      if (key.clusters.length === 0 || key.overwriters.length === 0) continue;
      isChanged = this.pushBefore(key) || isChanged;
      isChanged = this.pushBehind(key) || isChanged;
    }
    return isChanged;
  }

  /** X ends before some R starts: X comes before W. */
  private pushBefore({ clusters, overwriters }: KeyTraffic): boolean {
    const { low, high } = this.history;
    const byEnd = [...overwriters].sort((a, b) => compare(high[a] ?? 0, high[b] ?? 0));
    const lastRead = (cluster: Cluster): number =>
      cluster.reads.reduce((latest, op) => Math.max(latest, low[op] ?? 0), -Infinity);
    const byRead = clusters
      .filter(({ source }) => source >= 0)
      .map((cluster) => ({ source: cluster.source, start: lastRead(cluster) }))
      .sort((a, b) => compare(a.start, b.start));
    let isChanged = false;
    let at = 0;
    let earliest = -Infinity;
    for (const { source, start } of byRead) {
      for (; at < byEnd.length && (high[byEnd[at] ?? 0] ?? 0) < start; at += 1) {
        earliest = Math.max(earliest, low[byEnd[at] ?? 0] ?? 0);
      }
      isChanged = raise(low, source, earliest) || isChanged;
    }
    at = byRead.length - 1;
    let latest = Infinity;
    for (const op of byEnd.reverse()) {
      for (; at >= 0 && (byRead[at]?.start ?? 0) > (high[op] ?? 0); at -= 1) {
        latest = Math.min(latest, high[byRead[at]?.source ?? 0] ?? 0);
      }
      isChanged = lower(high, op, latest) || isChanged;
    }
    return isChanged;
  }

  /** X starts after W ended: every R comes before X. */
  private pushBehind({ clusters, overwriters }: KeyTraffic): boolean {
    const { low, high } = this.history;
    const endOf = ({ source }: Cluster): number => (source < 0 ? -Infinity : (high[source] ?? 0));
    const byStart = [...overwriters].sort((a, b) => compare(low[a] ?? 0, low[b] ?? 0));
    const byEnd = [...clusters].sort((a, b) => compare(endOf(a), endOf(b)));
    let isChanged = false;
    let at = 0;
    let earliest = -Infinity;
    for (const op of byStart) {
      for (; at < byEnd.length; at += 1) {
        const cluster = byEnd[at];
        if (cluster === undefined || endOf(cluster) >= (low[op] ?? 0)) break;
        for (const read of cluster.reads) earliest = Math.max(earliest, low[read] ?? 0);
      }
      isChanged = raise(low, op, earliest) || isChanged;
    }
    at = byStart.length - 1;
    let latest = Infinity;
    for (const cluster of byEnd.reverse()) {
      for (; at >= 0 && (low[byStart[at] ?? 0] ?? 0) > endOf(cluster); at -= 1) {
        latest = Math.min(latest, high[byStart[at] ?? 0] ?? 0);
      }
      for (const read of cluster.reads) isChanged = lower(high, read, latest) || isChanged;
    }
    return isChanged;
  }
}

function raise(bounds: Float64Array, op: number, bound: number): boolean {
  if (bound <= (bounds[op] ?? 0)) return false;
  bounds[op] = bound;
  return true;
}

function lower(bounds: Float64Array, op: number, bound: number): boolean {
  if (bound >= (bounds[op] ?? 0)) return false;
  bounds[op] = bound;
  return true;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
