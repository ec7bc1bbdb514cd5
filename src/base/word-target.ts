/**
 * Bytes that are filled from 32-bit words, at any place, in the order of the machine: the opposite
 * of `word-source.ts`, and for the same reason.
 */
import { LOOP_BYTES } from './word-source.js';
import { wordAt } from './words.js';

export class WordTarget {
  private readonly view: DataView;

  constructor(readonly bytes: Buffer) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Big-endian. */
  u32(value: number, at: number): void {
    this.view.setUint32(at, value);
  }

  /** Copies so many bytes that begin with a word; `source` is the same memory as `words`. */
  copy(words: Int32Array, source: Buffer, from: number, length: number, at: number): void {
    if (length > LOOP_BYTES) {
      this.bytes.set(source.subarray(4 * from, 4 * from + length), at);
      return;
    }
    const whole = length >>> 2;
    for (let word = 0; word < whole; word += 1)
      this.view.setInt32(at + 4 * word, wordAt(words, from + word), true);
    let rest = (length & 3) === 0 ? 0 : wordAt(words, from + whole);
    for (let byte = 4 * whole; byte < length; byte += 1) {
      this.view.setUint8(at + byte, rest & 255);
      rest >>>= 8;
    }
  }
}
