/**
 * A key as the table works with it: its bytes in 32-bit words, the last one filled up with zeros,
 * with its checksum, its shard and its hash. One image is filled again and again, so looking a key
 * up makes no object.
 *
 * The checksum is that of the digest, so of the key's text in UTF-8; the shard follows from it and
 * is the same in every process. The hash is a sum of the key's half words, each multiplied by a
 * secret number of its place (a multilinear hash, after Carter and Wegman): its upper bits collide
 * for two keys as seldom as chance has it, whoever chose the keys. Nothing but speed depends on it.
 */
import { crcOfWords } from '../base/crc-words.js';
import { crc32, secretWords } from '../base/hash.js';
import { PAGED_KEY_BYTES } from '../base/pair-memory.js';
import type { WordSource } from '../base/word-source.js';
import { wordAt } from '../base/words.js';

/** Longer keys have no whole image. */
export const IMAGE_BYTES = PAGED_KEY_BYTES;

/** Bits in which a byte is beyond ASCII. */
const HIGH_BITS = 0x80808080;

/** One for each half word, and one for the length. */
const SECRET = secretWords(IMAGE_BYTES / 2 + 1);

/** Spreads checksums of similar keys, of which some bits are alike (a multiple of 2^32 / phi). */
const SPREAD = 0x9e3779b1;

/** Of a key that stands in these words as in an image. */
export function hashOf(words: Int32Array, from: number, length: number): number {
  let hash = Math.imul(length, wordAt(SECRET, IMAGE_BYTES / 2));
  for (let at = 0; 4 * at < length; at += 1) {
    const word = wordAt(words, from + at);
    const low = Math.imul(word & 0xffff, wordAt(SECRET, 2 * at));
    hash = (hash + low + Math.imul(word >>> 16, wordAt(SECRET, 2 * at + 1))) | 0;
  }
  return hash;
}

export class KeyImage {
  readonly words = new Int32Array(IMAGE_BYTES / 4);
  length = 0;
  crc = 0;
  hash = 0;

  /** Else it has nothing but a length and a checksum. */
  get isWhole(): boolean {
    return this.length <= IMAGE_BYTES;
  }

  readText(key: string): void {
    const { length } = key;
    this.length = length;
    if (length > IMAGE_BYTES) {
      this.crc = crc32(key) | 0;
      return;
    }
    const end = length & ~3;
    let high = 0;
    for (let at = 0; at < end; at += 4) {
      const low = key.charCodeAt(at) | (key.charCodeAt(at + 1) << 8);
      const word = low | (key.charCodeAt(at + 2) << 16) | (key.charCodeAt(at + 3) << 24);
      this.words[at >>> 2] = word;
      high |= word;
    }
    if (end < length) {
      let word = 0;
      for (let at = length - 1; at >= end; at -= 1) word = (word << 8) | key.charCodeAt(at);
      this.words[end >>> 2] = word;
      high |= word;
    }
    this.finish((high & HIGH_BITS) === 0);
  }

  /** The key at this place of a buffer, at most IMAGE_BYTES long. */
  readBytes(source: WordSource, from: number, length: number): void {
    source.copyWords(from, length, this.words, 0);
    this.readWords(this.words, 0, length);
  }

  /** The key that stands in these words as it would stand in an image. */
  readWords(words: Int32Array, from: number, length: number): void {
    this.length = length;
    let high = 0;
    for (let at = 0; 4 * at < length; at += 1) {
      const word = wordAt(words, from + at);
      this.words[at] = word;
      high |= word;
    }
    this.finish((high & HIGH_BITS) === 0);
  }

  /** Which of 2^bits shards. */
  shard(bits: number): number {
    return Math.imul(this.crc, SPREAD) >>> (32 - bits);
  }

  private finish(isAscii: boolean): void {
    const { words, length } = this;
    this.hash = hashOf(words, 0, length);
    this.crc = isAscii ? crcOfWords(words, 0, length) : crc32(this.text()) | 0;
  }

  private text(): string {
    return Buffer.from(this.words.buffer, 0, this.length).toString('latin1');
  }
}
