/**
 * Reads requests from a stream of bytes: RESP arrays of bulk strings, or inline commands. Serves
 * client connections and the connections between our processes, which differ only in limits.
 *
 * It does not know what a command is, and never throws on input. The caller pulls one request at a
 * time, so it can stop in the middle of a chunk. Whether bytes arrive whole or one by one never
 * changes what is read; no byte is looked at more than twice, nothing is allocated for bytes that
 * are only announced, and after a violation nothing more is read.
 *
 * Texts of violations are Redis's. Stricter than Redis in one point: a length line or a bulk that
 * is not followed by CR LF is refused instead of skipped, as both sides would then disagree on
 * where the next request begins.
 */
import { type Arguments, KeptArguments } from './arguments.js';
import { DecimalReader } from './decimal.js';
import { GrowingBuffer } from './growing-buffer.js';
import { splitInlineArguments } from './inline-arguments.js';
import {
  ARGUMENT_OVERHEAD_BYTES,
  MAX_LINE_BYTES,
  MAX_MULTIBULK_COUNT,
  UNAUTHENTICATED_MAX_ARGS,
  UNAUTHENTICATED_MAX_BULK_BYTES,
  type ReaderLimits,
} from './limits.js';
import { wholeRequest } from './whole-request.js';

const CR = 0x0d;
const LF = 0x0a;
const NUL = 0x00;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const EMPTY = Buffer.alloc(0);

/** Which limit a request exceeded. */
export type Excess = 'args' | 'bulk' | 'bytes';

export interface ParsedRequest {
  readonly type: 'request';
  /** At least one. With `excess` set only the first, and only if it was kept. */
  readonly args: Arguments;
  /** What the request costs in memory: its argument bytes and an overhead for each. */
  readonly bytes: number;
  readonly excess: Excess | null;
}

/** The stream is beyond repair. `text` is Redis's wording without the `ERR` in front. */
export interface Violation {
  readonly type: 'violation';
  readonly text: string;
}

type State =
  | 'start'
  | 'inline'
  | 'count'
  | 'countEnd'
  | 'bulk'
  | 'length'
  | 'lengthEnd'
  | 'body'
  | 'bodyCr'
  | 'bodyLf'
  | 'failed';

export class RequestReader {
  private state: State = 'start';
  private readonly waiting: Buffer[] = [];
  private chunk: Buffer = EMPTY;
  private position = 0;
  private pushedBytes = 0;
  private consumedBytes = 0;
  private restricted = false;

  private readonly number = new DecimalReader();
  private lineBytes = 0;
  private line: GrowingBuffer | null = null;
  private lineHasNul = false;

  private args: Buffer[] = [];
  private remainingArgs = 0;
  private bodyBytes = 0;
  private missingBytes = 0;
  private body: GrowingBuffer | null = null;
  private requestBytes = 0;
  private excess: Excess | null = null;

  constructor(private readonly limits: ReaderLimits) {}

  /** Until told otherwise, only what Redis allows a client that has not authenticated. */
  restrict(restricted: boolean): void {
    this.restricted = restricted;
  }

  /** Bytes that were pushed and not yet looked at. */
  get unparsedBytes(): number {
    return this.pushedBytes - this.consumedBytes - this.position;
  }

  /** Bytes of a request that has not arrived whole. */
  get partialBytes(): number {
    return this.requestBytes + (this.body?.length ?? 0) + (this.line?.length ?? 0);
  }

  push(chunk: Buffer): void {
    if (this.state === 'failed' || chunk.length === 0) return;
    this.waiting.push(chunk);
    this.pushedBytes += chunk.length;
  }

  /** The next whole request, a violation (once, the last answer but null), or null: more bytes. */
  next(): ParsedRequest | Violation | null {
    while (this.position < this.chunk.length || this.nextChunk()) {
      const result = this.whole() ?? this.step();
      if (result !== null) return result;
    }
    return null;
  }

  private whole(): ParsedRequest | null {
    if (this.state !== 'start' || this.restricted) return null;
    const found = wholeRequest(this.chunk, this.position, this.limits);
    if (found === null) return null;
    this.position = found.end;
    return found;
  }

  private nextChunk(): boolean {
    this.consumedBytes += this.chunk.length;
    this.chunk = this.waiting.shift() ?? EMPTY;
    this.position = 0;
    return this.chunk.length > 0;
  }

  private step(): ParsedRequest | Violation | null {
    switch (this.state) {
      case 'start':
        return this.start();
      case 'inline':
        return this.readLine();
      case 'count':
        return this.readNumber('countEnd', 'too big mbulk count string');
      case 'countEnd':
        return this.endCount();
      case 'bulk':
        return this.startBulk();
      case 'length':
        return this.readNumber('lengthEnd', 'too big bulk count string');
      case 'lengthEnd':
        return this.endLength();
      case 'body':
        return this.readBody();
      case 'bodyCr':
        return this.expect(CR, 'bodyLf', 'expected CRLF after a bulk string');
      case 'bodyLf':
        return this.endBody();
      case 'failed':
        this.position = this.chunk.length;
        return null;
    }
  }

  private start(): Violation | null {
    this.requestBytes = 0;
    this.excess = null;
    this.args = [];
    const first = this.peek();
    if (first === ASTERISK) {
      this.position += 1;
      this.startNumber('count');
    } else if (this.limits.inline) {
      this.lineBytes = 0;
      this.line = null;
      this.lineHasNul = false;
      this.state = 'inline';
    } else {
      return this.fail(`expected '*', got '${printable(first)}'`);
    }
    return null;
  }

  /**
   * As in Redis, whose search for the end of the line stops there, a NUL makes the line endless.
   */
  private readLine(): ParsedRequest | Violation | null {
    const { chunk, position } = this;
    let at = position;
    while (at < chunk.length && (this.lineHasNul || chunk[at] !== LF)) {
      if (chunk[at] === NUL) this.lineHasNul = true;
      at += 1;
      if (this.lineBytes + (at - position) > MAX_LINE_BYTES) {
        return this.fail('too big inline request');
      }
    }
    this.lineBytes += at - position;
    this.position = at;
    const ended = at < chunk.length;
    if (this.line !== null || !ended) {
      this.line ??= new GrowingBuffer(MAX_LINE_BYTES);
      if (!this.lineHasNul) this.line.append(chunk, position, at);
    }
    if (!ended) return null;
    this.position += 1;
    return this.endLine(this.line?.take() ?? chunk.subarray(position, at));
  }

  private endLine(line: Buffer): ParsedRequest | Violation | null {
    this.state = 'start';
    this.line = null;
    const end = line[line.length - 1] === CR ? line.length - 1 : line.length;
    const args = splitInlineArguments(line.subarray(0, end));
    if (args === null) return this.fail('unbalanced quotes in request');
    if (args.length === 0) return null;
    for (const arg of args) {
      this.checkKept(arg.length);
      if (this.excess === null) this.keep(arg);
    }
    return this.finish();
  }

  private startNumber(state: 'count' | 'length'): void {
    this.number.reset();
    // The type byte counts towards the longest line, as in Redis.
    this.lineBytes = 1;
    this.state = state;
  }

  private readNumber(end: State, tooLong: string): Violation | null {
    const { chunk, position } = this;
    let at = position;
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte === CR) {
        this.position = at + 1;
        this.state = end;
        return null;
      }
      this.number.add(byte);
      this.lineBytes += 1;
      if (this.lineBytes > MAX_LINE_BYTES) return this.fail(tooLong);
    }
    this.position = at;
    return null;
  }

  private endCount(): Violation | null {
    const count = this.number.value();
    if (this.takeByte() !== LF || count === null || count > MAX_MULTIBULK_COUNT) {
      return this.fail('invalid multibulk length');
    }
    if (this.restricted && count > UNAUTHENTICATED_MAX_ARGS) {
      return this.fail('unauthenticated multibulk length');
    }
    this.remainingArgs = count;
    this.state = count <= 0 ? 'start' : 'bulk';
    return null;
  }

  private startBulk(): Violation | null {
    const first = this.takeByte();
    if (first !== DOLLAR) return this.fail(`expected '$', got '${printable(first)}'`);
    this.startNumber('length');
    return null;
  }

  private endLength(): Violation | null {
    const length = this.number.value();
    if (this.takeByte() !== LF || length === null || length < 0) {
      return this.fail('invalid bulk length');
    }
    if (length > this.limits.maxBulkBytes) return this.fail('invalid bulk length');
    if (this.restricted && length > UNAUTHENTICATED_MAX_BULK_BYTES) {
      return this.fail('unauthenticated bulk length');
    }
    this.bodyBytes = length;
    this.missingBytes = length;
    this.body = null;
    this.checkKept(length);
    this.state = length === 0 ? 'bodyCr' : 'body';
    return null;
  }

  private checkKept(length: number): void {
    const { maxKeptArgs, maxKeptBulkBytes, maxKeptRequestBytes } = this.limits;
    const bytes = this.requestBytes + length + ARGUMENT_OVERHEAD_BYTES;
    if (length > maxKeptBulkBytes) this.exceed('bulk');
    else if (bytes > maxKeptRequestBytes) this.exceed('bytes');
    else if (this.args.length >= maxKeptArgs) this.exceed('args');
  }

  private readBody(): null {
    const { chunk, position } = this;
    const end = Math.min(chunk.length, position + this.missingBytes);
    this.missingBytes -= end - position;
    this.position = end;
    if (this.missingBytes === 0) this.state = 'bodyCr';
    if (this.excess !== null) return null;
    if (end - position === this.bodyBytes) {
      this.keep(chunk.subarray(position, end));
      return null;
    }
    this.body ??= new GrowingBuffer(this.bodyBytes);
    this.body.append(chunk, position, end);
    if (this.missingBytes === 0) {
      this.keep(this.body.take());
      this.body = null;
    }
    return null;
  }

  private endBody(): ParsedRequest | Violation | null {
    const violation = this.expect(LF, 'bulk', 'expected CRLF after a bulk string');
    if (violation !== null) return violation;
    if (this.bodyBytes === 0 && this.excess === null) this.keep(EMPTY);
    this.remainingArgs -= 1;
    return this.remainingArgs === 0 ? this.finish() : null;
  }

  private expect(byte: number, then: State, otherwise: string): Violation | null {
    if (this.takeByte() !== byte) return this.fail(otherwise);
    this.state = then;
    return null;
  }

  private keep(arg: Buffer): void {
    this.args.push(arg);
    this.requestBytes += arg.length + ARGUMENT_OVERHEAD_BYTES;
  }

  /** The first reason stands; what was kept of the arguments is let go at once. */
  private exceed(excess: Excess): void {
    this.excess ??= excess;
    this.args.length = Math.min(this.args.length, 1);
    this.requestBytes = 0;
  }

  private finish(): ParsedRequest {
    const { args, excess, requestBytes: bytes } = this;
    this.state = 'start';
    this.args = [];
    this.requestBytes = 0;
    return { type: 'request', args: new KeptArguments(args), bytes, excess };
  }

  private fail(text: string): Violation {
    this.state = 'failed';
    this.waiting.length = 0;
    this.chunk = EMPTY;
    this.position = 0;
    this.consumedBytes = this.pushedBytes;
    this.args = [];
    this.body = null;
    this.line = null;
    this.requestBytes = 0;
    return { type: 'violation', text: `Protocol error: ${text}` };
  }

  private peek(): number {
    return this.chunk[this.position] ?? 0;
  }

  private takeByte(): number {
    const byte = this.peek();
    this.position += 1;
    return byte;
  }
}

/** One byte for an error text, which must stay on one line. */
function printable(byte: number): string {
  return byte === CR || byte === LF ? ' ' : String.fromCharCode(byte);
}
