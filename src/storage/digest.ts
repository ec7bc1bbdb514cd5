/**
 * The digest of a set of key-value pairs: two 32-bit sums over a mixed image of every pair, so that
 * a write costs the same however large the set is, and the order of writes does not matter.
 *
 * A sum of plain checksums would be blind to an exchange of two values, because checksums are
 * linear; hence key, value and both lengths go through a non-linear mixer before they are added.
 * Not a defence against somebody who constructs collisions: it finds faults, not forgeries.
 */
import { pairBytes } from '../base/pair-memory.js';

const SEED_A = 0x2545f491;
const SEED_B = 0x6c62272e;

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
  return h ^ (h >>> 16);
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}

/**
 * A set of pairs added up: how many they are, their bytes, and their digest. What is a part of a
 * whole counts for it too. A pair is known by length and CRC-32 of its key and of its value.
 */
export class Tally {
  size = 0;
  /** Memory that the pairs are taken to need. */
  bytes = 0;
  /** Signed, so that V8 keeps them without an object of their own. */
  private a = 0;
  private b = 0;

  constructor(private readonly whole: Tally | null = null) {}

  /** Adds a pair (1) or takes it away (-1). */
  count(
    sign: 1 | -1,
    keyCrc: number,
    keyLength: number,
    valueCrc: number,
    valueLength: number,
  ): void {
    let a = absorb(SEED_A, keyCrc);
    let b = absorb(SEED_B, keyCrc ^ (a >>> 7));
    a = absorb(a, valueCrc);
    b = absorb(b, valueCrc ^ (a >>> 7));
    a = absorb(a, keyLength);
    b = absorb(b, keyLength ^ (a >>> 7));
    a = absorb(a, valueLength);
    b = absorb(b, valueLength ^ (a >>> 7));
    const bytes = pairBytes(keyLength, valueLength);
    a = finish(a);
    b = finish(b);
    this.add(sign, bytes, a, b);
    this.whole?.add(sign, bytes, a, b);
  }

  equals(other: Tally): boolean {
    return this.size === other.size && this.a === other.a && this.b === other.b;
  }

  /** Sixteen hexadecimal digits. */
  digest(): string {
    return hex(this.a) + hex(this.b);
  }

  private add(sign: 1 | -1, bytes: number, a: number, b: number): void {
    this.size += sign;
    this.bytes += sign * bytes;
    this.a = (this.a + Math.imul(sign, a)) | 0;
    this.b = (this.b + Math.imul(sign, b)) | 0;
  }
}
