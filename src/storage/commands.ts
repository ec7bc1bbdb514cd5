/**
 * The commands of one transaction as bytes.
 *
 * Layout, all numbers big-endian: count u32, then a command each: op u8 (1 set, 2 del), items u32,
 * then an item each: key length u32, key, and for `set` value length u32, value. Nothing follows.
 * The same bytes travel in messages, lie in the log and are hashed into the chain, so the encoding
 * of given commands is unique: `encodeCommands(decodeCommands(p))` equals `p`. What they do to a
 * table is in `apply.ts`.
 */
import { assert } from '../base/assert.js';
import { shortHash } from '../base/hash.js';
import type { WriteCommand } from '../base/store-request.js';

const OP_SET = 1;
const OP_DEL = 2;

/** Values above this are handed over as they are; smaller ones cost less to copy than to track. */
export const COPY_BYTES = 64 * 1024;

/** The payload is not what `encodeCommands` writes. */
export class CommandFormatError extends Error {
  override readonly name = 'CommandFormatError';
  readonly code = 'malformed-commands';
}

/** Bytes that `encodeCommands` needs for these commands. */
export function encodedLength(commands: readonly WriteCommand[]): number {
  let length = 4;
  for (const command of commands) {
    length += 5;
    if (command.op === 'set') {
      for (const [key, value] of command.pairs) length += 8 + key.length + value.length;
    } else {
      for (const key of command.keys) length += 4 + key.length;
    }
  }
  return length;
}

export function encodeCommands(commands: readonly WriteCommand[]): Buffer {
  const writer = new PayloadWriter(encodedLength(commands), Infinity);
  writeCommands(writer, commands);
  const [payload] = writer.finish();
  assert(payload !== undefined, 'a payload is never empty');
  return payload;
}

export function commandCount(payload: Buffer): number {
  return new PayloadReader(payload).u32();
}

/** The same bytes as a list of buffers; values over COPY_BYTES are in it as they are. */
export function encodeCommandsParts(commands: readonly WriteCommand[]): Buffer[] {
  let length = encodedLength(commands);
  for (const command of commands) {
    if (command.op !== 'set') continue;
    for (const [, value] of command.pairs) if (value.length > COPY_BYTES) length -= value.length;
  }
  const writer = new PayloadWriter(length, COPY_BYTES);
  writeCommands(writer, commands);
  return writer.finish();
}

function writeCommands(writer: PayloadWriter, commands: readonly WriteCommand[]): void {
  writer.u32(commands.length);
  for (const command of commands) {
    if (command.op === 'set') {
      writer.op(OP_SET, command.pairs.length);
      for (const [key, value] of command.pairs) {
        writer.key(key);
        writer.value(value);
      }
    } else {
      writer.op(OP_DEL, command.keys.length);
      for (const key of command.keys) writer.key(key);
    }
  }
}

/** Fills one buffer of known size; values above the threshold stand between parts of it. */
class PayloadWriter {
  private readonly buffer: Buffer;
  private readonly parts: Buffer[] = [];
  private partStart = 0;
  private at = 0;

  constructor(
    length: number,
    private readonly copyBytes: number,
  ) {
    this.buffer = Buffer.allocUnsafe(length);
  }

  u32(value: number): void {
    this.at = this.buffer.writeUInt32BE(value, this.at);
  }

  op(code: number, items: number): void {
    assert(items > 0, 'a command names at least one key');
    this.at = this.buffer.writeUInt8(code, this.at);
    this.u32(items);
  }

  key(key: string): void {
    this.u32(key.length);
    this.at += this.buffer.write(key, this.at, 'latin1');
  }

  value(value: Buffer): void {
    this.u32(value.length);
    if (value.length > this.copyBytes) {
      this.parts.push(this.buffer.subarray(this.partStart, this.at), value);
      this.partStart = this.at;
    } else {
      this.at += value.copy(this.buffer, this.at);
    }
  }

  finish(): Buffer[] {
    assert(this.at === this.buffer.length, 'the payload has the size that was computed');
    if (this.at > this.partStart) this.parts.push(this.buffer.subarray(this.partStart));
    return this.parts;
  }
}

/**
 * Throws CommandFormatError on anything that `encodeCommands` would not write. Values are parts of
 * the payload.
 */
export function decodeCommands(payload: Buffer): WriteCommand[] {
  const reader = new PayloadReader(payload);
  const count = reader.u32();
  const commands: WriteCommand[] = [];
  for (let i = 0; i < count; i += 1) commands.push(readCommand(reader));
  reader.end();
  return commands;
}

function readCommand(reader: PayloadReader): WriteCommand {
  const op = reader.op();
  const items = reader.items();
  if (op === 'set') {
    const pairs: [string, Buffer][] = [];
    for (let i = 0; i < items; i += 1) pairs.push([reader.key(), reader.value()]);
    return { op, pairs };
  }
  const keys: string[] = [];
  for (let i = 0; i < items; i += 1) keys.push(reader.key());
  return { op, keys };
}

/** Every method throws CommandFormatError where the payload does not go on as it must. */
export class PayloadReader {
  private readonly view: DataView;
  private at = 0;

  constructor(private readonly payload: Buffer) {
    this.view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  }

  u32(): number {
    return this.view.getUint32(this.skip(4));
  }

  op(): 'set' | 'del' {
    const op = this.view.getUint8(this.skip(1));
    if (op !== OP_SET && op !== OP_DEL) throw new CommandFormatError(`unknown operation ${op}`);
    return op === OP_SET ? 'set' : 'del';
  }

  items(): number {
    const items = this.u32();
    if (items === 0) throw new CommandFormatError('a command without keys');
    return items;
  }

  key(): string {
    const length = this.u32();
    const from = this.skip(length);
    return this.payload.toString('latin1', from, from + length);
  }

  /** A part of the payload. */
  value(): Buffer {
    const length = this.u32();
    const from = this.skip(length);
    return this.payload.subarray(from, from + length);
  }

  /** Where these bytes begin. */
  skip(bytes: number): number {
    const from = this.at;
    if (bytes > this.payload.length - from)
      throw new CommandFormatError('the payload ends too early');
    this.at = from + bytes;
    return from;
  }

  end(): void {
    const rest = this.payload.length - this.at;
    if (rest !== 0) throw new CommandFormatError(`${rest} bytes too many`);
  }
}

/** The history hash behind one more committed transaction. */
export function nextChain(
  chain: string,
  epoch: number,
  txid: number,
  length: number,
  crc: number,
): string {
  return shortHash(`${chain}:${epoch}:${txid}:${length}:${crc}`);
}
