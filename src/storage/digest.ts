/**
 * The digest of a set of key-value pairs: two 32-bit sums over a mixed image of every pair, so that
 * a write costs the same however large the set is, and the order of writes does not matter.
 *
 * A sum of plain checksums would be blind to an exchange of two values, because checksums are
 * linear; hence key, value and both lengths go through a non-linear mixer before they are added.
 * Not a defence against somebody who constructs collisions: it finds faults, not forgeries.
 */
import { crc32 } from '../base/hash.js';

export type Lanes = [number, number];

const SEEDS: Readonly<Lanes> = [0x2545f491, 0x6c62272e];

function absorb(state: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = state ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Every bit of the input changes about half of the output's bits (the finisher of MurmurHash3). */
function finish(state: number): number {
  let h = state;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export function lanesOf(key: string, value: Buffer, valueCrc: number): Lanes {
  const keyCrc = crc32(key);
  let [a, b] = SEEDS;
  a = absorb(a, keyCrc);
  b = absorb(b, keyCrc ^ (a >>> 7));
  a = absorb(a, valueCrc);
  b = absorb(b, valueCrc ^ (a >>> 7));
  a = absorb(a, key.length);
  b = absorb(b, key.length ^ (a >>> 7));
  a = absorb(a, value.length);
  b = absorb(b, value.length ^ (a >>> 7));
  return [finish(a), finish(b)];
}

export function addTo(sum: Lanes, lanes: Readonly<Lanes>, sign: 1 | -1): void {
  sum[0] = (sum[0] + sign * lanes[0]) >>> 0;
  sum[1] = (sum[1] + sign * lanes[1]) >>> 0;
}

export function formatLanes(lanes: Readonly<Lanes>): string {
  return lanes.map((lane) => lane.toString(16).padStart(8, '0')).join('');
}
