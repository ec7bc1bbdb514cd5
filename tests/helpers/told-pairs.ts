/** What a shard of a snapshot tells, as pairs. */
import { WordTarget } from '../../src/base/word-target.js';
import type { Pair } from '../../src/storage/kept.js';
import type { FrozenShard } from '../../src/storage/shard.js';
import type { TableSnapshot } from '../../src/storage/table-snapshot.js';

export function pairsOf(shard: FrozenShard): Pair[] {
  const { entries } = shard;
  const small = Array.from(shard.places(), (place): Pair => {
    const keyLength = entries.keyLength(place);
    const bytes = Buffer.alloc(keyLength + entries.valueLength(place));
    entries.copyTo(place, new WordTarget(bytes), 0);
    return [bytes.toString('latin1', 0, keyLength), bytes.subarray(keyLength)];
  });
  return [...small, ...shard.keptPairs()];
}

/** Of everything that was not told yet. */
export function allPairsOf(snapshot: TableSnapshot): Pair[] {
  const pairs: Pair[] = [];
  for (let shard = snapshot.next(); shard !== null; shard = snapshot.next()) {
    pairs.push(...pairsOf(shard));
  }
  return pairs;
}
