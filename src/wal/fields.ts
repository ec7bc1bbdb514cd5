/**
 * Reads and writes the fields of record bodies: 48-bit integers in 8 bytes, short strings, counted
 * lists. Strict: a field that does not fit is an error, never a guess.
 */
import { assert } from '../base/assert.js';

const MAX_INTEGER = 2 ** 48 - 1;
const MAX_STRING_BYTES = 0xffff;

/** The bytes pass their CRC and still are no record: written by a faulty program. */
export class MalformedRecordError extends Error {
  override readonly name = 'MalformedRecordError';
  readonly code = 'malformed-record';
}

export function writeInteger(buffer: Buffer, value: number, at: number): number {
  assert(Number.isInteger(value) && value >= 0 && value <= MAX_INTEGER, 'an integer of 48 bits');
  buffer.writeUInt16BE(0, at);
  return buffer.writeUIntBE(value, at + 2, 6);
}

export function readInteger(buffer: Buffer, at: number): number {
  if (buffer.readUInt16BE(at) !== 0) throw new MalformedRecordError('an integer over 48 bits');
  return buffer.readUIntBE(at + 2, 6);
}

export class FieldWriter {
  private parts: Buffer[] = [];

  integer(value: number): this {
    const part = Buffer.allocUnsafe(8);
    writeInteger(part, value, 0);
    this.parts.push(part);
    return this;
  }

  u32(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeUInt32BE(value);
    this.parts.push(part);
    return this;
  }

  flag(value: boolean): this {
    this.parts.push(Buffer.from([value ? 1 : 0]));
    return this;
  }

  string(text: string): this {
    const bytes = Buffer.from(text, 'utf8');
    assert(bytes.length <= MAX_STRING_BYTES, 'strings in records are short');
    const part = Buffer.allocUnsafe(2);
    part.writeUInt16BE(bytes.length);
    this.parts.push(part, bytes);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.parts);
  }
}

export class FieldReader {
  private at = 0;

  constructor(private readonly body: Buffer) {}

  integer(): number {
    return readInteger(this.body, this.advance(8));
  }

  u32(): number {
    return this.body.readUInt32BE(this.advance(4));
  }

  flag(): boolean {
    const value = this.body.readUInt8(this.advance(1));
    if (value > 1) throw new MalformedRecordError('neither true nor false');
    return value === 1;
  }

  string(): string {
    const length = this.body.readUInt16BE(this.advance(2));
    const from = this.advance(length);
    const bytes = this.body.subarray(from, from + length);
    const text = bytes.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(bytes)) throw new MalformedRecordError('not UTF-8');
    return text;
  }

  list<T>(read: () => T): T[] {
    const count = this.u32();
    const items: T[] = [];
    for (let i = 0; i < count; i += 1) items.push(read());
    return items;
  }

  rest(): Buffer {
    const from = this.advance(this.body.length - this.at);
    return this.body.subarray(from);
  }

  get isAtEnd(): boolean {
    return this.at === this.body.length;
  }

  end(): void {
    if (!this.isAtEnd) throw new MalformedRecordError('bytes behind the last field');
  }

  private advance(bytes: number): number {
    const from = this.at;
    if (bytes > this.body.length - from) throw new MalformedRecordError('the body is too short');
    this.at = from + bytes;
    return from;
  }
}
