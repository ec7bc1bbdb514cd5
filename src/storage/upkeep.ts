/**
 * How much the shards of one table may copy to be rid of their garbage. Garbage pays for that as it
 * comes about, and little can be saved up, so that no batch waits for the many shards that become
 * wasteful together.
 */

/** What a shard with a third of garbage moves for each word of it; one with more moves less. */
const EARNED_WORDS = 2;

const MOST_WORDS = 2 ** 17;

export class Upkeep {
  private words = MOST_WORDS;

  /** Whether one more shard may be copied, however large it is. */
  get isPaid(): boolean {
    return this.words > 0;
  }

  earn(garbageWords: number): void {
    this.words = Math.min(this.words + EARNED_WORDS * garbageWords, MOST_WORDS);
  }

  spend(words: number): void {
    this.words -= words;
  }
}
