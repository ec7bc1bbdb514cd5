/**
 * Looks at the bytes of replies before the parser of them does, and lets through only what a reply
 * of ours can be: one flat array of bulk strings with a sane count.
 *
 * The parser allocates what a count announces, and does so again at every level of nesting, so a
 * hundred bytes of a stranger could cost it gigabytes. Knows nothing of messages, and keeps nothing
 * but its place; what lies inside a bulk string is skipped, not looked at. Something else than an
 * array is let through up to the end of its first line, so that the parser can name it.
 */
import { RpcProtocolError } from './rpc-protocol-error.js';

/** Above what any reply has: a delta of the smallest transactions has a tenth of it. */
const MAX_REPLY_ELEMENTS = 1_048_576;

/** Numbers stay exact; how long a reply may really be is not decided here. */
const MAX_DIGITS = 15;

const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;
const LINE_END_BYTES = 2;

export class FlatReplyGuard {
  private state: 'reply' | 'count' | 'countEnd' | 'element' | 'length' | 'lengthEnd' | 'line' =
    'reply';
  private number = 0;
  private digits = 0;
  private elements = 0;
  private skipped = 0;

  /** Bytes of the chunk that may be parsed; all but behind a line that is no array. */
  pass(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.skipped > 0) {
        const step = Math.min(this.skipped, chunk.length - at);
        this.skipped -= step;
        at += step;
        continue;
      }
      const byte = chunk[at] ?? 0;
      at += 1;
      if (this.state === 'line') {
        if (byte === LF) return at;
      } else {
        this.take(byte);
      }
    }
    return chunk.length;
  }

  private take(byte: number): void {
    switch (this.state) {
      case 'reply':
        this.begin(byte === ASTERISK ? 'count' : 'line');
        return;
      case 'element':
        if (byte !== DOLLAR) refuse();
        this.begin('length');
        return;
      case 'count':
        this.takeDigit(byte, 'countEnd');
        return;
      case 'length':
        this.takeDigit(byte, 'lengthEnd');
        return;
      case 'countEnd':
        if (byte !== LF || this.number > MAX_REPLY_ELEMENTS) refuse();
        this.elements = this.number;
        this.state = this.elements > 0 ? 'element' : 'reply';
        return;
      case 'lengthEnd':
        if (byte !== LF) refuse();
        this.skipped = this.number + LINE_END_BYTES;
        this.elements -= 1;
        this.state = this.elements > 0 ? 'element' : 'reply';
        return;
      case 'line':
        return;
    }
  }

  private begin(state: 'count' | 'length' | 'line'): void {
    this.state = state;
    this.number = 0;
    this.digits = 0;
  }

  private takeDigit(byte: number, end: 'countEnd' | 'lengthEnd'): void {
    if (byte === CR && this.digits > 0) {
      this.state = end;
      return;
    }
    this.digits += 1;
    if (byte < ZERO || byte > NINE || this.digits > MAX_DIGITS) refuse();
    this.number = this.number * 10 + (byte - ZERO);
  }
}

function refuse(): never {
  throw new RpcProtocolError('framing', 'a reply that is no array of bulk strings');
}
