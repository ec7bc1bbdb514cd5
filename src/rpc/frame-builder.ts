/**
 * Writes one message as a RESP array of bulk strings, in as few pieces as possible.
 *
 * Small fields gather in a latin1 string (one character a byte), which a socket takes as it is; a
 * large Buffer is passed on as it is, never copied. Knows nothing of messages. Invariant: the
 * pieces of `finish`, one behind the other, are the array that was begun, complete.
 */

import type { Bytes } from '../base/bytes.js';

/** Buffers up to this size are cheaper to copy than to hand to the socket one by one. */
const COPY_UP_TO_BYTES = 32 * 1024;

/**
 * So much of a frame stays text: strings have a largest length, and lie in the collector's heap,
 * which all that waits to be sent may exceed.
 */
const MAX_TEXT_CHARACTERS = 64 * 1024;

const ASCII = /^[\0-\x7f]*$/;

export class FrameBuilder {
  private readonly chunks: Bytes[] = [];
  private pending: string;
  /** Of the pieces that are text. */
  private textCharacters = 0;

  /** `head` is what comes before the first field, in latin1. */
  constructor(head: string) {
    this.pending = head;
  }

  /** One bulk string whose characters are bytes. */
  latin1(text: string): void {
    this.small(`$${text.length}\r\n${text}\r\n`);
  }

  /** One bulk string of UTF-8. */
  utf8(text: string): void {
    if (ASCII.test(text)) this.latin1(text);
    else this.bulk([Buffer.from(text, 'utf8')]);
  }

  /** One bulk string made of all the parts. */
  bulk(parts: readonly Bytes[]): void {
    let length = 0;
    for (const part of parts) length += part.length;
    this.pending += `$${length}\r\n`;
    for (const part of parts) {
      if (typeof part === 'string') {
        this.small(part);
      } else if (part.length <= COPY_UP_TO_BYTES) {
        this.small(part.toString('latin1'));
      } else {
        this.flush();
        this.chunks.push(part);
      }
    }
    this.pending += '\r\n';
  }

  finish(): Bytes[] {
    this.flush();
    return this.chunks;
  }

  private small(text: string): void {
    this.pending += text;
    if (this.pending.length > MAX_TEXT_CHARACTERS) this.flush();
  }

  private flush(): void {
    const { pending } = this;
    if (pending === '') return;
    const isText = this.textCharacters + pending.length <= MAX_TEXT_CHARACTERS;
    this.chunks.push(isText ? pending : Buffer.from(pending, 'latin1'));
    if (isText) this.textCharacters += pending.length;
    this.pending = '';
  }
}
