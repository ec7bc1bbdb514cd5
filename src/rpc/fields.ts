/**
 * The types of fields: how one value is written as bulk strings and read back.
 *
 * Each is a pair of inverse functions in one place, so that the two directions cannot drift apart,
 * and records are put together from them. Reading is strict: every value has exactly one spelling,
 * anything else is an `RpcProtocolError`. Writing asserts, because what we write comes from us.
 * Every value says by itself where it ends, so no field needs to be the last one.
 */
import { isUtf8 } from 'node:buffer';
import { assert } from '../base/assert.js';
import type { Bytes } from '../base/bytes.js';
import { owned } from '../base/owned.js';
import type { ArgumentReader } from './argument-reader.js';
import { integerList } from './decimal.js';
import type { FrameBuilder } from './frame-builder.js';
import { MAX_IDENTITY_BYTES, MAX_NUMBER, MAX_PROSE_BYTES, MAX_TEXT_BYTES } from './limits.js';

export interface Field<T> {
  /** Arguments that every value takes, or null where it depends on the value. */
  readonly fixedSize: number | null;
  size(value: T): number;
  put(out: FrameBuilder, value: T): void;
  take(input: ArgumentReader): T;
}

function single<T>(
  put: (out: FrameBuilder, value: T) => void,
  take: (input: ArgumentReader) => T,
): Field<T> {
  return { fixedSize: 1, size: () => 1, put, take };
}

function integer(minimum: number, maximum: number): Field<number> {
  return single(
    (out, value) => {
      const fits = Number.isInteger(value) && value >= minimum && value <= maximum;
      assert(fits, 'a number to send is whole and within its bounds');
      out.latin1(String(value));
    },
    (input) => {
      const value = input.takeInteger();
      if (Number.isNaN(value) || value < minimum) input.malformed('is not a canonical number');
      if (value > maximum) input.malformed(`is a number over ${maximum}`);
      return value;
    },
  );
}

/** An integer from 0 on: none that is received is more than the log can hold. */
export const uint = integer(0, MAX_NUMBER);

/** The same where the log has 32 bits for it. */
export const uint32 = integer(0, 0xffff_ffff);

/** Whole milliseconds, or -1; a fraction of one is dropped, since only the order of size counts. */
const wholeMillis = integer(-1, MAX_NUMBER);
export const elapsedMs: Field<number> = {
  ...wholeMillis,
  put: (out, value) => wholeMillis.put(out, Math.floor(value)),
};

/** Integers from -1 on, in one bulk string with one space between them; '' is none. */
export const numbers: Field<readonly number[]> = single<readonly number[]>(
  (out, values) => {
    for (const value of values) {
      assert(Number.isSafeInteger(value) && value >= -1, 'a number in a list is whole');
    }
    out.latin1(values.join(' '));
  },
  (input) => integerList(input.take()) ?? input.malformed('is not a list of numbers'),
);

export const flag: Field<boolean> = single(
  (out, value) => out.latin1(value ? '1' : '0'),
  (input) => {
    const bytes = input.take();
    if (bytes.length !== 1 || (bytes[0] !== 0x30 && bytes[0] !== 0x31)) {
      input.malformed('is neither 0 nor 1');
    }
    return bytes[0] === 0x31;
  },
);

function takeText(input: ArgumentReader, maxBytes: number): string {
  const bytes = input.take();
  if (bytes.length > maxBytes) input.fail('too-long', `over ${maxBytes} bytes`);
  if (!isUtf8(bytes)) input.malformed('is not UTF-8');
  return bytes.toString('utf8');
}

function shortText(maxBytes: number): Field<string> {
  return single(
    (out, value) => {
      assert(Buffer.byteLength(value) <= maxBytes, 'an identity or address is short');
      out.utf8(value);
    },
    (input) => takeText(input, maxBytes),
  );
}

/** Addresses, digests, names, in UTF-8. */
export const text = shortText(MAX_TEXT_BYTES);

/** An identity that its receiver may make its own: as long as a segment of the log has room for. */
export const ownIdentity = shortText(MAX_IDENTITY_BYTES);

/** Characters of UTF-16 take at most three bytes each. */
const MAX_PROSE_CHARACTERS = MAX_PROSE_BYTES / 3;

/** A sentence for people. It may quote what a peer said, so a long one is cut, not a mistake. */
export const prose: Field<string> = single(
  (out, value) => out.utf8(value.slice(0, MAX_PROSE_CHARACTERS)),
  (input) => takeText(input, MAX_PROSE_BYTES),
);

/** A key: any bytes, held as one character a byte. */
export const key: Field<string> = single(
  (out, value) => out.latin1(value),
  (input) => input.takeText(),
);

export const bytes: Field<Buffer> = single(
  (out, value) => out.bulk([value]),
  (input) => (input.copies ? Buffer.from(input.take()) : owned(input.take())),
);

/** Bytes that are held in several buffers; how they were divided is not kept. */
export const chunks: Field<readonly Buffer[]> = single<readonly Buffer[]>(
  (out, value) => out.bulk(value),
  (input) => {
    const whole = bytes.take(input);
    return whole.length === 0 ? [] : [whole];
  },
);

/** The same where what is sent may be text. */
export const values: Field<readonly Bytes[]> = {
  ...chunks,
  put: (out, value) => out.bulk(value),
};

export function oneOf<T extends string>(...names: readonly T[]): Field<T> {
  const byName = new Map<string, T>(names.map((name) => [name, name]));
  return single<T>(
    (out, value) => out.latin1(value),
    (input) => byName.get(input.takeText()) ?? input.malformed('is no known word'),
  );
}

/** Takes no room: the message's name says it already. */
export function constant<T extends string>(value: T): Field<T> {
  return { fixedSize: 0, size: () => 0, put: () => undefined, take: () => value };
}

/** A count, then the items. */
export function list<T>(item: Field<T>): Field<readonly T[]> {
  return {
    fixedSize: null,
    size: (values) => {
      if (item.fixedSize !== null) return 1 + values.length * item.fixedSize;
      return values.reduce((sum, value) => sum + item.size(value), 1);
    },
    put: (out, values) => {
      uint.put(out, values.length);
      for (const value of values) item.put(out, value);
    },
    take: (input) => {
      const count = uint.take(input);
      // Nothing is allocated for a count alone: a false one ends at the first missing argument.
      const values: T[] = [];
      while (values.length < count) values.push(item.take(input));
      return values;
    },
  };
}

/** 0, or 1 and the value. */
export function nullable<T>(item: Field<T>): Field<T | null> {
  return {
    fixedSize: null,
    size: (value) => (value === null ? 1 : 1 + item.size(value)),
    put: (out, value) => {
      flag.put(out, value !== null);
      if (value !== null) item.put(out, value);
    },
    take: (input) => (flag.take(input) ? item.take(input) : null),
  };
}

/** All fields of an object, in the order in which they are listed here. */
export function record<T extends object>(fields: {
  readonly [K in keyof T]: Field<T[K]>;
}): Field<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  const variable = names.filter((name) => fields[name].fixedSize === null);
  const fixed = names.reduce((sum, name) => sum + (fields[name].fixedSize ?? 0), 0);
  return {
    fixedSize: variable.length === 0 ? fixed : null,
    size: (value) => variable.reduce((sum, name) => sum + fields[name].size(value[name]), fixed),
    put: (out, value) => {
      for (const name of names) fields[name].put(out, value[name]);
    },
    take: (input) => {
      const value = {} as T;
      for (const name of names) {
        input.field = name;
        value[name] = fields[name].take(input);
      }
      return value;
    },
  };
}
