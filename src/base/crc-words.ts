/**
 * CRC-32 of bytes that begin at a 32-bit word, four or eight bytes a step ("slicing by eight", as
 * Intel published it in 2006). For some hundred bytes this costs less than the way into zlib and
 * back; beyond that zlib is faster. Words are read in the order of the machine, little-endian.
 */
import { assert } from './assert.js';
import { POLYNOMIAL } from './crc-polynomial.js';
import { wordAt } from './words.js';

const BYTES = 256;
const SLICES = 8;

/** `TABLE[256 * n + byte]`: what a byte adds to the checksum n bytes later. */
const TABLE = makeTable();

function makeTable(): Int32Array {
  assert(new Uint8Array(Int32Array.of(1).buffer)[0] === 1, 'this machine is little-endian');
  const table = new Int32Array(SLICES * BYTES);
  for (let byte = 0; byte < BYTES; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? POLYNOMIAL : 0);
    table[byte] = crc;
  }
  for (let at = BYTES; at < table.length; at += 1) {
    const shorter = wordAt(table, at - BYTES);
    table[at] = (shorter >>> 8) ^ wordAt(table, shorter & 255);
  }
  return table;
}

function step(word: number, slice: number): number {
  return (
    wordAt(TABLE, slice + 768 + (word & 255)) ^
    wordAt(TABLE, slice + 512 + ((word >>> 8) & 255)) ^
    wordAt(TABLE, slice + 256 + ((word >>> 16) & 255)) ^
    wordAt(TABLE, slice + (word >>> 24))
  );
}

/** A checksum that began with -1 and ends when it is inverted, with one more word. */
export function crcWithWord(crc: number, word: number): number {
  return step(crc ^ word, 0);
}

/** The same with the lowest so many bytes of a word. */
export function crcWithBytes(crc: number, word: number, bytes: number): number {
  let rest = word;
  for (let count = bytes; count > 0; count -= 1) {
    crc = (crc >>> 8) ^ wordAt(TABLE, (crc ^ rest) & 255);
    rest >>>= 8;
  }
  return crc;
}

/** The checksum of so many bytes from this word on, as a signed number. */
export function crcOfWords(words: Int32Array, from: number, bytes: number): number {
  const end = from + (bytes >>> 2);
  let crc = -1;
  let at = from;
  for (; at + 2 <= end; at += 2) {
    crc = step(crc ^ wordAt(words, at), 4 * BYTES) ^ step(wordAt(words, at + 1), 0);
  }
  if (at < end) {
    crc = crcWithWord(crc, wordAt(words, at));
    at += 1;
  }
  return ~((bytes & 3) === 0 ? crc : crcWithBytes(crc, wordAt(words, at), bytes & 3));
}
