/**
 * The small pairs of one shard, one after the other in pages, in the order in which they were put
 * there. Finds nothing: who asks knows the place.
 *
 * Entry: head u32 | key, filled up to a word with zeros | value, filled up to a word with anything.
 * Head, from the lowest bit: value length 11 bits, key length 9 bits, and two marks: `used`, and
 * `dead` for what was removed. A word 0 in place of a head, or the page's end, ends a page.
 * Invariants: bytes of a page that a snapshot holds too never change, except for a `dead` mark; no
 * entry crosses a page's end.
 */
import { crcOfWords } from '../base/crc-words.js';
import { crc32 } from '../base/hash.js';
import type { WordSource } from '../base/word-source.js';
import type { WordTarget } from '../base/word-target.js';
import { wordAt } from '../base/words.js';
import { IMAGE_BYTES, type KeyImage, hashOf } from './key-image.js';
import { BLOCK_MASK, BLOCK_SHIFT, PAGE_WORDS, type Pages } from './pages.js';
import type { Upkeep } from './upkeep.js';

const VALUE_MASK = 2 ** 11 - 1;
const KEY_SHIFT = 11;
const KEY_MASK = 2 ** 9 - 1;
const USED = 2 ** 29;
const DEAD = 2 ** 30;

/** Up to here the loop over words is faster than zlib. */
const LOOP_CRC_BYTES = 256;

/** Garbage of less than half a page is not worth moving its neighbours. */
const LEAST_GARBAGE = PAGE_WORDS / 2;

const NO_WORDS = new Int32Array(0);
const NO_BYTES = Buffer.alloc(0);

function keyLengthIn(head: number): number {
  return (head >>> KEY_SHIFT) & KEY_MASK;
}

function valueLengthIn(head: number): number {
  return head & VALUE_MASK;
}

/** Of the value's first word in its block. */
function valueIndex(place: number, head: number): number {
  return (place & BLOCK_MASK) + 1 + ((keyLengthIn(head) + 3) >>> 2);
}

function entryWords(keyLength: number, valueLength: number): number {
  return 1 + ((keyLength + 3) >>> 2) + ((valueLength + 3) >>> 2);
}

/** The entries of one moment. */
export interface HeldEntries {
  readonly pages: readonly number[];
  /** Where the next entry went, and where its page ends. */
  readonly next: number;
  readonly end: number;
  readonly count: number;
  /** What was there then and is marked as dead by now. */
  readonly removed: number[];
}

export class Entries {
  private pages: number[] = [];
  /** Where the next entry goes, and where its page ends. */
  private next = 0;
  private end = 0;
  private deadWords = 0;
  private readonly held = new Set<HeldEntries>();

  constructor(
    private readonly memory: Pages,
    private readonly upkeep: Upkeep,
  ) {}

  keyLength(place: number): number {
    return keyLengthIn(this.head(place));
  }

  valueLength(place: number): number {
    return valueLengthIn(this.head(place));
  }

  holds(place: number, key: KeyImage): boolean {
    const words = this.wordsAt(place);
    const at = place & BLOCK_MASK;
    const { length } = key;
    if (keyLengthIn(wordAt(words, at)) !== length) return false;
    for (let word = 0; 4 * word < length; word += 1) {
      if (words[at + 1 + word] !== key.words[word]) return false;
    }
    return true;
  }

  readKey(place: number, key: KeyImage): void {
    key.readWords(this.wordsAt(place), (place & BLOCK_MASK) + 1, this.keyLength(place));
  }

  keyHash(place: number): number {
    return hashOf(this.wordsAt(place), (place & BLOCK_MASK) + 1, this.keyLength(place));
  }

  /** A copy as latin1 text; shorter than it should be if the head is damaged. */
  value(place: number): string {
    const head = this.head(place);
    const bytes = this.bytesAt(place);
    const from = 4 * valueIndex(place, head);
    const length = Math.min(valueLengthIn(head), bytes.length - from);
    return bytes.toString('latin1', from, from + length);
  }

  /** What any sound entry is; one whose head was damaged may seem to end anywhere. */
  isWithinPage(place: number): boolean {
    const inPage = place & (PAGE_WORDS - 1);
    return inPage + this.sizeAt(place) <= PAGE_WORDS && this.keyLength(place) <= IMAGE_BYTES;
  }

  /** Puts the key, and the value behind it, to this place of a buffer. */
  copyTo(place: number, target: WordTarget, at: number): void {
    const [words, bytes] = [this.wordsAt(place), this.bytesAt(place)];
    const head = this.head(place);
    const keyLength = keyLengthIn(head);
    target.copy(words, bytes, (place & BLOCK_MASK) + 1, keyLength, at);
    target.copy(words, bytes, valueIndex(place, head), valueLengthIn(head), at + keyLength);
  }

  /** Of the value as it stands here now. */
  valueCrc(place: number): number {
    const head = this.head(place);
    const length = valueLengthIn(head);
    const at = valueIndex(place, head);
    if (length <= LOOP_CRC_BYTES) return crcOfWords(this.wordsAt(place), at, length);
    return crc32(this.bytesAt(place).subarray(4 * at, 4 * at + length));
  }

  /** The entry's place, or 0 if there is no memory for it. */
  append(key: KeyImage, source: WordSource, from: number, length: number): number {
    const size = entryWords(key.length, length);
    if (this.end - this.next < size && !this.turnPage()) return 0;
    const place = this.next;
    this.next += size;
    const words = this.wordsAt(place);
    const at = (place & BLOCK_MASK) + 1;
    for (let word = 0; 4 * word < key.length; word += 1) words[at + word] = wordAt(key.words, word);
    this.fill(place, key.length, source, from, length);
    return place;
  }

  /** Puts another value in the entry's place. False, and nothing done, if that cannot be. */
  overwrite(place: number, source: WordSource, from: number, length: number): boolean {
    const keyLength = this.keyLength(place);
    const rest = this.sizeAt(place) - entryWords(keyLength, length);
    if (rest < 0 || this.memory.holders(place) > 1) return false;
    this.fill(place, keyLength, source, from, length);
    if (rest > 0) {
      const filler = (place & BLOCK_MASK) + entryWords(keyLength, length);
      this.wordsAt(place)[filler] = USED | DEAD | (4 * (rest - 1));
      this.waste(rest);
    }
    return true;
  }

  remove(place: number): void {
    const words = this.wordsAt(place);
    const at = place & BLOCK_MASK;
    this.waste(this.sizeAt(place));
    words[at] = wordAt(words, at) | DEAD;
    if (this.memory.holders(place) > 1) for (const { removed } of this.held) removed.push(place);
  }

  /** The places of all entries, as many as there should be; fewer if a head is damaged. */
  places(count: number): Int32Array {
    const { pages, next, end } = this;
    return this.placesOf({ pages, next, end, count, removed: [] });
  }

  placesOf({ pages, next, end, count, removed }: HeldEntries): Int32Array {
    const places = new Int32Array(count);
    const removedSince = new Set(removed);
    let found = 0;
    for (const page of pages) {
      const pageEnd = page + PAGE_WORDS === end ? next : page + PAGE_WORDS;
      for (let place = page; place < pageEnd && this.head(place) !== 0;) {
        const head = this.head(place);
        const size = this.sizeAt(place);
        if (place + size > pageEnd || keyLengthIn(head) > IMAGE_BYTES) break;
        if ((head & DEAD) === 0 || removedSince.has(place)) {
          places[found] = place;
          found += 1;
        }
        place += size;
      }
    }
    return places.subarray(0, found);
  }

  /** More than a third is garbage, and there is room to move the rest. */
  get isWasteful(): boolean {
    const { deadWords, pages } = this;
    if (deadWords < LEAST_GARBAGE || 3 * deadWords < PAGE_WORDS * pages.length) return false;
    return this.memory.left >= pages.length;
  }

  /** Copies these entries, in order, and lets go of everything else. Tells their new places. */
  compact(places: Int32Array): Int32Array {
    const old = this.pages;
    this.upkeep.spend(PAGE_WORDS * old.length - this.deadWords);
    this.pages = [];
    this.next = 0;
    this.end = 0;
    this.deadWords = 0;
    const moved = places.map((place) => this.copyHere(place));
    for (const page of old) this.memory.release(page);
    return moved;
  }

  /** Another holder of all pages, with `count` entries in them. */
  hold(count: number): HeldEntries {
    const { pages, next, end } = this;
    for (const page of pages) this.memory.hold(page);
    const held = { pages: [...pages], next, end, count, removed: [] };
    this.held.add(held);
    return held;
  }

  release(held: HeldEntries): void {
    this.held.delete(held);
    for (const page of held.pages) this.memory.release(page);
  }

  private waste(words: number): void {
    this.deadWords += words;
    this.upkeep.earn(words);
  }

  private copyHere(from: number): number {
    const size = this.sizeAt(from);
    if (this.end - this.next < size) this.turnPage();
    const place = this.next;
    this.next += size;
    const [source, target] = [this.wordsAt(from), this.wordsAt(place)];
    const [sourceAt, targetAt] = [from & BLOCK_MASK, place & BLOCK_MASK];
    for (let word = 0; word < size; word += 1)
      target[targetAt + word] = wordAt(source, sourceAt + word);
    return place;
  }

  private turnPage(): boolean {
    if (this.memory.left === 0) return false;
    if (this.next < this.end) this.wordsAt(this.next)[this.next & BLOCK_MASK] = 0;
    const page = this.memory.take();
    this.pages.push(page);
    this.next = page;
    this.end = page + PAGE_WORDS;
    return true;
  }

  private fill(
    place: number,
    keyLength: number,
    source: WordSource,
    from: number,
    length: number,
  ): void {
    const head = USED | (keyLength << KEY_SHIFT) | length;
    const words = this.wordsAt(place);
    words[place & BLOCK_MASK] = head;
    source.copy(from, length, words, this.bytesAt(place), valueIndex(place, head));
  }

  private sizeAt(place: number): number {
    const head = this.head(place);
    return entryWords(keyLengthIn(head), valueLengthIn(head));
  }

  private head(place: number): number {
    return wordAt(this.wordsAt(place), place & BLOCK_MASK);
  }

  private wordsAt(place: number): Int32Array {
    return this.memory.words[place >>> BLOCK_SHIFT] ?? NO_WORDS;
  }

  private bytesAt(place: number): Buffer {
    return this.memory.bytes[place >>> BLOCK_SHIFT] ?? NO_BYTES;
  }
}
