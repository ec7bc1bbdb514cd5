/**
 * Finds where replies end in a stream of RESP2, with as little work as that takes: values are
 * skipped, not kept. Knows the flat replies that the generator asks for; an array is an error.
 * Bytes may be cut anywhere.
 */

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const DIGIT_ZERO = 0x30;
export const SIMPLE = 0x2b;
export const ERROR = 0x2d;
export const INTEGER = 0x3a;
export const BULK = 0x24;

/** `number` is an integer reply's value or a bulk's length, -1 for none. */
export type OnReply = (type: number, number: number, text: string) => void;

export class ReplyScanner {
  private type = 0;
  private number = 0;
  private isNegative = false;
  private text = '';
  /** Of a bulk's bytes and line end; beyond 0 while one is passing. */
  private toSkip = 0;

  constructor(private readonly onReply: OnReply) {}

  take(bytes: Uint8Array, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.toSkip > 0) {
        const skipped = Math.min(this.toSkip, length - at);
        at += skipped;
        this.toSkip -= skipped;
        if (this.toSkip === 0) this.finish();
        continue;
      }
      const byte = bytes[at] ?? 0;
      at += 1;
      if (this.type === 0) this.begin(byte);
      else if (byte === LF) this.endLine();
      else this.continueLine(byte);
    }
  }

  private begin(byte: number): void {
    if (byte !== SIMPLE && byte !== ERROR && byte !== INTEGER && byte !== BULK) {
      throw new Error(`a reply begins with byte ${byte}`);
    }
    this.type = byte;
    this.number = 0;
    this.isNegative = false;
    this.text = '';
  }

  private continueLine(byte: number): void {
    if (this.type === SIMPLE || byte === CR) return;
    if (this.type === ERROR) this.text += String.fromCharCode(byte);
    else if (byte === DASH) this.isNegative = true;
    else this.number = this.number * 10 + byte - DIGIT_ZERO;
  }

  private endLine(): void {
    if (this.isNegative) this.number = -this.number;
    if (this.type === BULK && this.number >= 0) this.toSkip = this.number + 2;
    else this.finish();
  }

  private finish(): void {
    const { type } = this;
    this.type = 0;
    this.onReply(type, this.number, this.text);
  }
}
