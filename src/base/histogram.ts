/**
 * Counts of durations in a fixed number of buckets, for percentiles in INFO.
 *
 * Eight buckets to each power of two, so that a percentile is at most an eighth too high, whatever
 * was measured and however often. Knows nothing of units or of time.
 */
const STEPS = 8;
/** Values from 2^40 on, more than twelve days in microseconds, share the last bucket. */
const LARGEST_POWER = 40;

export class Histogram {
  private readonly buckets = new Float64Array(STEPS * (LARGEST_POWER + 1));
  private total = 0;

  get count(): number {
    return this.total;
  }

  add(value: number): void {
    const index = Math.min(bucketOf(value), this.buckets.length - 1);
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
    this.total += 1;
  }

  /** Upper bound of the bucket by which this share of all values has been seen; 0 without any. */
  percentile(percent: number): number {
    if (this.total === 0) return 0;
    const wanted = Math.max(1, Math.ceil((this.total * percent) / 100));
    let seen = 0;
    for (const [index, count] of this.buckets.entries()) {
      seen += count;
      if (seen >= wanted) return upperBound(index);
    }
    return upperBound(this.buckets.length - 1);
  }
}

/** Whole values below `STEPS` have a bucket each; above, the leading bits choose it. */
function bucketOf(value: number): number {
  const whole = Math.max(0, Math.floor(value));
  if (whole < STEPS) return whole;
  const power = Math.floor(Math.log2(whole));
  const step = Math.floor((whole / 2 ** power) * STEPS) - STEPS;
  return (power - Math.log2(STEPS) + 1) * STEPS + step;
}

function upperBound(index: number): number {
  if (index < STEPS) return index;
  const power = Math.floor(index / STEPS) + Math.log2(STEPS) - 1;
  const step = index % STEPS;
  return ((STEPS + step + 1) / STEPS) * 2 ** power - 1;
}
