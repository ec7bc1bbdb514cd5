/**
 * Counts latencies in buckets that are at most 1/64 wide of what they hold, from a microsecond to
 * hours, so that percentiles are exact enough to compare and recording costs next to nothing.
 */

const SUB_BITS = 6;
const SUB_BUCKETS = 1 << SUB_BITS;
const POWERS = 32;

function bucketOf(micros: number): number {
  if (micros < SUB_BUCKETS) return micros;
  const power = 31 - Math.clz32(micros) - SUB_BITS;
  return (power << SUB_BITS) + (micros >>> power);
}

/** The largest value that falls into the bucket. */
function upperEdge(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const power = (bucket >>> SUB_BITS) - 1;
  const sub = (bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS;
  return (sub + 1) * 2 ** power - 1;
}

const LARGEST_MICROS = 2 ** 31 - 1;

export class Latencies {
  private readonly counts = new Float64Array(SUB_BUCKETS * POWERS);
  private largest = 0;
  count = 0;

  record(ms: number): void {
    const micros = Math.min(LARGEST_MICROS, Math.max(0, Math.round(ms * 1000)));
    const bucket = bucketOf(micros);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.count += 1;
    if (micros > this.largest) this.largest = micros;
  }

  copy(): Latencies {
    const copy = new Latencies();
    copy.counts.set(this.counts);
    copy.largest = this.largest;
    copy.count = this.count;
    return copy;
  }

  clear(): void {
    this.counts.fill(0);
    this.largest = 0;
    this.count = 0;
  }

  get maxMs(): number {
    return this.largest / 1000;
  }

  /** So many percent of the recorded are at most this; 0 if there are none. */
  percentileMs(percent: number): number {
    const wanted = Math.ceil((this.count * percent) / 100);
    let seen = 0;
    for (const [bucket, count] of this.counts.entries()) {
      seen += count;
      if (seen >= wanted && count > 0) return Math.min(upperEdge(bucket), this.largest) / 1000;
    }
    return 0;
  }
}
