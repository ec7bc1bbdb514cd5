/**
 * Numbers as text within a larger buffer, read strictly: digits without a leading zero or plus, at
 * most 2^53 - 1 in size, so that every number has exactly one spelling and none loses precision. A
 * minus sign is understood; whether a negative number makes sense is the caller's business.
 */
const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const SPACE = 0x20;

/** Digits of 2^53 - 1: no accumulation of so many digits leaves the exact range by much. */
const MAX_DIGITS = 16;

/** The integer that fills bytes `start` to `end`, or NaN. */
export function canonicalInteger(bytes: Buffer, start: number, end: number): number {
  const negative = bytes[start] === MINUS && start < end;
  const first = negative ? start + 1 : start;
  const digits = end - first;
  if (digits < 1 || digits > MAX_DIGITS) return Number.NaN;
  if (bytes[first] === ZERO && (digits > 1 || negative)) return Number.NaN;
  let value = 0;
  for (let i = first; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  if (!Number.isSafeInteger(value)) return Number.NaN;
  return negative ? -value : value;
}

/** Integers from -1 on with one space between them, or null. */
export function integerList(bytes: Buffer): number[] | null {
  const values: number[] = [];
  if (bytes.length === 0) return values;
  let start = 0;
  for (;;) {
    const space = bytes.indexOf(SPACE, start);
    const end = space === -1 ? bytes.length : space;
    const value = canonicalInteger(bytes, start, end);
    if (!(value >= -1)) return null;
    values.push(value);
    if (space === -1) return values;
    start = space + 1;
  }
}
