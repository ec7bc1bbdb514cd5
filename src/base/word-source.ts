/**
 * Bytes that are also read as 32-bit words, from any place on, in the order of the machine. A copy
 * of some words costs a third of what a part of a buffer costs to make, and leaves no garbage.
 */

/** Up to here the loop over words is faster than a part of the buffer and its copy. */
export const LOOP_BYTES = 256;

export class WordSource {
  private readonly view: DataView;

  constructor(readonly bytes: Buffer) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Four bytes. Little-endian, as `crc-words.ts` makes sure that the machine is. */
  word(at: number): number {
    return this.view.getInt32(at, true);
  }

  /** Big-endian. */
  u32(at: number): number {
    return this.view.getUint32(at);
  }

  /** The last one to three bytes of something, filled up with zeros. */
  lastWord(at: number, count: number): number {
    let word = 0;
    for (let left = count - 1; left >= 0; left -= 1)
      word = (word << 8) | this.view.getUint8(at + left);
    return word;
  }

  /** Copies so many bytes to where this word is; `target` is the same memory as `words`. */
  copy(from: number, length: number, words: Int32Array, target: Buffer, at: number): void {
    if (length > LOOP_BYTES) {
      target.set(this.bytes.subarray(from, from + length), 4 * at);
      return;
    }
    this.copyWords(from, length, words, at);
  }

  /** The same, a word at a time; the last one is filled up with zeros. */
  copyWords(from: number, length: number, words: Int32Array, at: number): void {
    const whole = length >>> 2;
    for (let word = 0; word < whole; word += 1) words[at + word] = this.word(from + 4 * word);
    const rest = length & 3;
    if (rest > 0) words[at + whole] = this.lastWord(from + length - rest, rest);
  }
}
