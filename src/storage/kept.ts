/**
 * The pairs of one shard that lie in no page, in the order in which their keys came. They can be
 * held: of what changes then, it is noted down what was there before.
 */
export type Pair = readonly [key: string, value: Buffer];

/** The values of one moment, undefined where there was none; others are as they were. */
export type HeldPairs = Map<string, Buffer | undefined>;

export class Kept {
  private readonly pairs = new Map<string, Buffer>();
  private readonly held = new Set<HeldPairs>();

  get size(): number {
    return this.pairs.size;
  }

  get(key: string): Buffer | undefined {
    return this.pairs.get(key);
  }

  has(key: string): boolean {
    return this.pairs.has(key);
  }

  set(key: string, value: Buffer): void {
    this.note(key);
    this.pairs.set(key, value);
  }

  delete(key: string): void {
    this.note(key);
    this.pairs.delete(key);
  }

  [Symbol.iterator](): Iterator<Pair> {
    return this.pairs[Symbol.iterator]();
  }

  hold(): HeldPairs {
    const held: HeldPairs = new Map();
    this.held.add(held);
    return held;
  }

  /** What was deleted meanwhile comes last. */
  pairsOf(held: HeldPairs): Pair[] {
    const pairs: Pair[] = [];
    for (const [key, now] of this.pairs) {
      const value = held.has(key) ? held.get(key) : now;
      if (value !== undefined) pairs.push([key, value]);
    }
    for (const [key, value] of held) {
      if (value !== undefined && !this.pairs.has(key)) pairs.push([key, value]);
    }
    return pairs;
  }

  release(held: HeldPairs): void {
    this.held.delete(held);
  }

  private note(key: string): void {
    for (const held of this.held) if (!held.has(key)) held.set(key, this.pairs.get(key));
  }
}
