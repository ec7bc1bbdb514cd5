/** Several measurements of one thing: the middle one and how far they lie apart. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return { median: median(values), min, max, values };
}

/** The ratio of the medians; its range is that of the pairs, which were measured side by side. */
export function ratioOf(ours: readonly number[], peers: readonly number[]): Spread {
  const pairs = ours.map((value, index) => value / (peers[index] ?? NaN));
  return { ...spread(pairs), median: median(ours) / median(peers) };
}
