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
import { crcWithBytes, crcWithWord } from '../base/crc-words.js';
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

function hashOfLength(length: number): number {
  return Math.imul(length, wordAt(SECRET, IMAGE_BYTES / 2));
}

/** The hash with one more word, which is the key's `at`-th. */
function hashStep(hash: number, word: number, at: number): number {
  const low = Math.imul(word & 0xffff, wordAt(SECRET, 2 * at));
  return (hash + low + Math.imul(word >>> 16, wordAt(SECRET, 2 * at + 1))) | 0;
}

/** Of a key that stands in these words as in an image. */
export function hashOf(words: Int32Array, from: number, length: number): number {
  let hash = hashOfLength(length);
  for (let at = 0; 4 * at < length; at += 1) hash = hashStep(hash, wordAt(words, from + at), at);
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
    const { words } = this;
    const end = length & ~3;
    for (let at = 0; at < end; at += 4) {
      const low = key.charCodeAt(at) | (key.charCodeAt(at + 1) << 8);
      words[at >>> 2] = low | (key.charCodeAt(at + 2) << 16) | (key.charCodeAt(at + 3) << 24);
    }
    if (end < length) {
      let word = 0;
      for (let at = length - 1; at >= end; at -= 1) word = (word << 8) | key.charCodeAt(at);
      words[end >>> 2] = word;
    }
    this.finish();
  }

  /** The key at this place of a buffer, at most IMAGE_BYTES long. */
  readBytes(source: WordSource, from: number, length: number): void {
    this.length = length;
    source.copyWords(from, length, this.words, 0);
    this.finish();
  }

  /** The key that stands in these words as it would stand in an image. */
  readWords(words: Int32Array, from: number, length: number): void {
    this.length = length;
    for (let at = 0; 4 * at < length; at += 1) this.words[at] = wordAt(words, from + at);
    this.finish();
  }

  /** Which of 2^bits shards. */
  shard(bits: number): number {
    return Math.imul(this.crc, SPREAD) >>> (32 - bits);
  }

  /** Hash and checksum in one pass: two are three times as slow. */
  private finish(): void {
    const { words, length } = this;
    const whole = length >>> 2;
    let hash = hashOfLength(length);
    let crc = -1;
    let high = 0;
    for (let at = 0; at < whole; at += 1) {
      const word = wordAt(words, at);
      hash = hashStep(hash, word, at);
      crc = crcWithWord(crc, word);
      high |= word;
    }
    if (4 * whole < length) {
      const word = wordAt(words, whole);
      hash = hashStep(hash, word, whole);
      crc = crcWithBytes(crc, word, length & 3);
      high |= word;
    }
    this.hash = hash;
    this.crc = (high & HIGH_BITS) === 0 ? ~crc : crc32(this.text()) | 0;
  }

  private text(): string {
    return Buffer.from(this.words.buffer, 0, this.length).toString('latin1');
  }
}
