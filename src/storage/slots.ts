/**
 * An open-addressing hash index: from a hash to places, with linear probing and without marks of
 * what was removed. A slot is two words, the place and the whole hash, so that growing reads no
 * entry and a look at an entry that is another's is rare. The order of slots shows to nobody.
 * Invariant: at most three quarters are taken, so every search ends. A place is never 0.
 */
import { wordAt } from '../base/words.js';
const LEAST_BITS = 2;
/** Up to this size it grows by four, which moves a place half as often. */
const LEAP_BITS = 10;

export class Slots {
  private words: Int32Array;
  private bits: number;
  private count = 0;

  /** With room for so many places. */
  constructor(room = 0) {
    this.bits = LEAST_BITS;
    while (4 * room > 3 * 2 ** this.bits) this.bits += 1;
    this.words = new Int32Array(2 * 2 ** this.bits);
  }

  /** The first slot with this hash, or -1. */
  find(hash: number): number {
    return this.seek(hash >>> (32 - this.bits), hash);
  }

  /** The next slot behind this one with this hash, or -1. */
  findNext(slot: number, hash: number): number {
    return this.seek(slot + 1, hash);
  }

  place(slot: number): number {
    return wordAt(this.words, 2 * slot);
  }

  move(slot: number, place: number): void {
    this.words[2 * slot] = place;
  }

  add(hash: number, place: number): void {
    if (4 * (this.count + 1) > 3 * 2 ** this.bits) this.grow();
    this.count += 1;
    this.insert(hash, place);
  }

  /** Whatever stands behind this slot because it was taken moves up. */
  remove(slot: number): void {
    const { words } = this;
    const mask = 2 ** this.bits - 1;
    let hole = slot;
    for (let next = (hole + 1) & mask; words[2 * next] !== 0; next = (next + 1) & mask) {
      const home = wordAt(words, 2 * next + 1) >>> (32 - this.bits);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      words[2 * hole] = wordAt(words, 2 * next);
      words[2 * hole + 1] = wordAt(words, 2 * next + 1);
      hole = next;
    }
    words[2 * hole] = 0;
    this.count -= 1;
  }

  private seek(from: number, hash: number): number {
    const { words } = this;
    const mask = 2 ** this.bits - 1;
    for (let slot = from & mask; words[2 * slot] !== 0; slot = (slot + 1) & mask) {
      if (words[2 * slot + 1] === hash) return slot;
    }
    return -1;
  }

  private insert(hash: number, place: number): void {
    const { words } = this;
    const mask = 2 ** this.bits - 1;
    let slot = hash >>> (32 - this.bits);
    while (words[2 * slot] !== 0) slot = (slot + 1) & mask;
    words[2 * slot] = place;
    words[2 * slot + 1] = hash;
  }

  private grow(): void {
    const old = this.words;
    this.bits += this.bits < LEAP_BITS ? 2 : 1;
    this.words = new Int32Array(2 * 2 ** this.bits);
    for (let at = 0; at < old.length; at += 2) {
      const place = wordAt(old, at);
      if (place !== 0) this.insert(wordAt(old, at + 1), place);
    }
  }
}
