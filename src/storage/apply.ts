/**
 * What the commands of a payload do to a table, straight from their bytes: a key or a value that
 * goes into a page is never made an object of its own.
 *
 * `commands.ts` says what the bytes mean. Applying a payload that was looked through never fails,
 * and depends on nothing but the table and the payload.
 */
import { pairBytes } from '../base/pair-memory.js';
import { crcOfTail } from '../base/crc-parts.js';
import { crc32 } from '../base/hash.js';
import { WordSource } from '../base/word-source.js';
import { COPY_BYTES, CommandFormatError, PayloadReader } from './commands.js';
import type { Table } from './table.js';

/** What a look through a payload tells. */
export interface PayloadFacts {
  readonly deletes: boolean;
  /** Keys that it stores with a value, and what these take if none was there before. */
  readonly pairs: number;
  readonly storedBytes: number;
  /** Of the value that ends the payload, if there is no other key in it. */
  readonly loneValueBytes: number | null;
}

/** Throws CommandFormatError on anything that `encodeCommands` would not write. */
export function lookThrough(payload: Buffer): PayloadFacts {
  const reader = new PayloadReader(payload);
  const count = reader.u32();
  let deletes = false;
  let keys = 0;
  let pairs = 0;
  let storedBytes = 0;
  let valueBytes: number | null = null;
  for (let command = 0; command < count; command += 1) {
    const op = reader.op();
    const items = reader.items();
    deletes ||= op === 'del';
    keys += items;
    if (op === 'set') pairs += items;
    for (let item = 0; item < items; item += 1) {
      const keyBytes = reader.u32();
      reader.skip(keyBytes);
      if (op === 'del') continue;
      valueBytes = reader.u32();
      reader.skip(valueBytes);
      storedBytes += pairBytes(keyBytes, valueBytes);
    }
  }
  reader.end();
  return { deletes, pairs, storedBytes, loneValueBytes: keys === 1 ? valueBytes : null };
}

/** Null where `lookThrough` throws. */
export function factsOf(payload: Buffer): PayloadFacts | null {
  try {
    return lookThrough(payload);
  } catch (error) {
    if (!(error instanceof CommandFormatError)) throw error;
    return null;
  }
}

/** The checksum of a lone value from that of its payload: a huge one need not be read again. */
export function loneValueCrc(
  payload: Buffer,
  payloadCrc: number,
  { loneValueBytes }: PayloadFacts,
): number | undefined {
  if (loneValueBytes === null || loneValueBytes <= COPY_BYTES) return undefined;
  const head = payload.subarray(0, payload.length - loneValueBytes);
  return crcOfTail(payloadCrc, crc32(head), loneValueBytes);
}

/**
 * One number a command: `del` the keys that were there, `set` the pairs that it wrote. A checksum
 * may be given for a lone value.
 */
export function applyPayload(table: Table, payload: Buffer, valueCrc?: number): number[] {
  const reader = new PayloadReader(payload);
  const source = new WordSource(payload);
  const results: number[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) {
    const op = reader.op();
    const items = reader.items();
    let done = 0;
    for (let item = 0; item < items; item += 1) {
      if (op === 'set') applySet(table, source, reader, valueCrc);
      if (op === 'set' || table.delete(reader.key())) done += 1;
    }
    results.push(done);
  }
  return results;
}

/**
 * A value that makes up most of a large payload stays a part of it. Any other is copied, so that it
 * does not keep the payload in memory.
 */
function applySet(
  table: Table,
  source: WordSource,
  reader: PayloadReader,
  valueCrc?: number,
): void {
  const payload = source.bytes;
  const keyLength = reader.u32();
  const keyAt = reader.skip(keyLength);
  const length = reader.u32();
  const valueAt = reader.skip(length);
  if (length > COPY_BYTES && length * 2 >= payload.length) {
    const key = payload.toString('latin1', keyAt, keyAt + keyLength);
    table.set(key, payload.subarray(valueAt, valueAt + length), valueCrc);
  } else {
    table.load(source, { keyAt, keyLength, valueAt, length });
  }
}
