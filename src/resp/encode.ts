/**
 * Turns replies into the bytes of RESP2 or RESP3. Knows nothing of commands or connections.
 *
 * A `ReplyWriter` gathers many small replies into one buffer and passes large bulk strings on by
 * reference, so a pipeline of pings is one write and a 512 MB value is never copied. What it took
 * by reference must not be changed afterwards. No error or simple string contains a raw CR or LF.
 */
import { assert, unreachable } from '../base/assert.js';
import { type Bytes, bytesOf, TEXT_UP_TO_BYTES } from '../base/bytes.js';
import { MAX_LAB_WORDS } from './limits.js';
import { OK, type Reply } from './replies.js';

export type RespVersion = 2 | 3;

/**
 * So much of what was gathered stays text: strings have a largest length, and lie in the
 * collector's heap, which the values of one reply may exceed.
 */
const MAX_TEXT_CHARACTERS = 64 * 1024;

const SPACE = 0x20;
const LINE_ENDS = /[\r\n]/g;
/** As latin1 they would be other bytes, line ends among them. */
const WIDE = /[^\0-\xff]/g;

export class ReplyWriter {
  /** The engine joins text lazily, and a socket takes it without a buffer. */
  private text = '';
  private parts: Bytes[] = [];
  private partBytes = 0;
  /** How many of them are text. */
  private partText = 0;

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.partBytes + this.text.length;
  }

  write(reply: Reply, version: RespVersion): void {
    switch (reply.kind) {
      case 'simple':
        if (reply === OK) this.add('+OK\r\n');
        else this.line('+', reply.text);
        break;
      case 'error':
        this.line('-', reply.text);
        break;
      case 'integer':
        this.add(`:${reply.value}\r\n`);
        break;
      case 'bulk':
        this.bulk('$', reply.value);
        break;
      case 'value':
        this.bytes('$', reply.value);
        break;
      case 'null':
        this.add(version === 3 ? '_\r\n' : '$-1\r\n');
        break;
      case 'array':
        this.items('*', reply.items, version);
        break;
      case 'set':
        this.items(version === 3 ? '~' : '*', reply.items, version);
        break;
      case 'map':
        this.map(reply.entries, version);
        break;
      case 'verbatim':
        if (version === 3) this.bulk('=', `txt:${reply.text}`);
        else this.bulk('$', reply.text);
        break;
      case 'words':
        this.reference(encodeWords(reply.value));
        break;
      default:
        unreachable(reply);
    }
  }

  take(): Bytes[] {
    this.flushText();
    const taken = this.parts;
    this.parts = [];
    this.partBytes = 0;
    this.partText = 0;
    return taken;
  }

  private add(text: string): void {
    this.text += text;
    if (this.text.length > MAX_TEXT_CHARACTERS) this.flushText();
  }

  private line(type: string, text: string): void {
    this.add(`${type}${text.replace(LINE_ENDS, ' ').replace(WIDE, '?')}\r\n`);
  }

  private bulk(type: string, value: Buffer | string): void {
    this.bytes(type, typeof value === 'string' ? Buffer.from(value, 'utf8') : value);
  }

  private bytes(type: string, value: Bytes): void {
    this.add(`${type}${value.length}\r\n`);
    if (typeof value === 'string') this.add(value);
    else if (value.length <= TEXT_UP_TO_BYTES) this.add(value.toString('latin1'));
    else this.reference(value);
    this.add('\r\n');
  }

  private items(type: string, items: readonly Reply[], version: RespVersion): void {
    this.add(`${type}${items.length}\r\n`);
    for (const item of items) this.write(item, version);
  }

  private map(entries: readonly (readonly [Reply, Reply])[], version: RespVersion): void {
    this.add(version === 3 ? `%${entries.length}\r\n` : `*${entries.length * 2}\r\n`);
    for (const [key, value] of entries) {
      this.write(key, version);
      this.write(value, version);
    }
  }

  private reference(bytes: Buffer): void {
    this.flushText();
    this.parts.push(bytes);
    this.partBytes += bytes.length;
  }

  private flushText(): void {
    const { text } = this;
    if (text.length === 0) return;
    const isText = this.partText + text.length <= MAX_TEXT_CHARACTERS;
    const part = isText ? text : Buffer.from(text, 'latin1');
    // An array that grows begins with room for many more, and mostly there is one.
    if (this.parts.length === 0) this.parts = [part];
    else this.parts.push(part);
    if (isText) this.partText += text.length;
    this.partBytes += text.length;
    this.text = '';
  }
}

export function encodeReply(reply: Reply, version: RespVersion): Buffer {
  const writer = new ReplyWriter();
  writer.write(reply, version);
  return bytesOf(writer.take());
}

/**
 * One more than its spaces: the empty value has one empty word. Counts no further than the limit.
 */
function countWords(value: Buffer): number {
  let count = 1;
  for (let at = value.indexOf(SPACE); at >= 0; at = value.indexOf(SPACE, at + 1)) {
    count += 1;
    if (count > MAX_LAB_WORDS) break;
  }
  return count;
}

/** A value of more words must be answered with an error instead. */
export function fitsWords(value: Buffer): boolean {
  return value.length < MAX_LAB_WORDS || countWords(value) <= MAX_LAB_WORDS;
}

/** An array of bulk strings in one buffer: a value of many words must not become many objects. */
function encodeWords(value: Buffer): Buffer {
  const count = countWords(value);
  assert(count <= MAX_LAB_WORDS, 'the caller refuses values of more words');
  const head = `*${count}\r\n`;
  // Beside its bytes a word costs a type, its length in at most so many digits, and four line ends.
  const perWord = 5 + String(value.length).length;
  const bytes = Buffer.allocUnsafe(head.length + value.length + count * perWord);
  let written = bytes.write(head, 0, 'latin1');
  for (let start = 0; start <= value.length;) {
    const space = value.indexOf(SPACE, start);
    const end = space < 0 ? value.length : space;
    written += bytes.write(`$${end - start}\r\n`, written, 'latin1');
    written += value.copy(bytes, written, start, end);
    written += bytes.write('\r\n', written, 'latin1');
    start = end + 1;
  }
  return bytes.subarray(0, written);
}
