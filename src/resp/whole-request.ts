/**
 * Reads a request that lies whole in one chunk, as nearly all do, in one pass. It understands only
 * what is beyond doubt: anything unfinished, unusual or wrong is left to `request-reader.ts`, which
 * reads the same bytes anew and has the words for it.
 */
import { type Arguments, ChunkArguments } from './arguments.js';
import { ARGUMENT_OVERHEAD_BYTES, type ReaderLimits } from './limits.js';

const CR = 0x0d;
const LF = 0x0a;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;

/** Room is made for a count alone up to here only: an array that grows begins with much more. */
const MAX_EXACT_ARGS = 16;

/** Longer numbers are left to the other reader. */
const MAX_DIGITS = 8;

export interface WholeRequest {
  readonly type: 'request';
  readonly args: Arguments;
  readonly bytes: number;
  readonly excess: null;
  /** Where the next request begins. */
  readonly end: number;
}

/** One for all: nothing here is called from within itself. */
const cursor = { at: 0 };

/** Null: not here, or not so simple. */
export function wholeRequest(
  chunk: Buffer,
  start: number,
  limits: ReaderLimits,
): WholeRequest | null {
  cursor.at = start;
  const count = takeNumber(chunk, ASTERISK);
  if (count < 1 || count > limits.maxKeptArgs) return null;
  const bounds: number[] = count <= MAX_EXACT_ARGS ? new Array<number>(2 * count) : [];
  let bytes = 0;
  for (let index = 0; index < count; index += 1) {
    const length = takeNumber(chunk, DOLLAR);
    if (length < 0 || length > limits.maxKeptBulkBytes || length > limits.maxBulkBytes) return null;
    const end = cursor.at + length;
    if (chunk[end] !== CR || chunk[end + 1] !== LF) return null;
    bounds[2 * index] = cursor.at;
    bounds[2 * index + 1] = end;
    bytes += length + ARGUMENT_OVERHEAD_BYTES;
    cursor.at = end + 2;
  }
  if (bytes > limits.maxKeptRequestBytes) return null;
  const args = new ChunkArguments(chunk, bounds);
  return { type: 'request', args, bytes, excess: null, end: cursor.at };
}

/** The number of a line such as `$12`, or -1. */
function takeNumber(chunk: Buffer, type: number): number {
  let { at } = cursor;
  if (chunk[at] !== type) return -1;
  const first = at + 1;
  let value = 0;
  for (at = first; at < first + MAX_DIGITS; at += 1) {
    const digit = (chunk[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  const hasLeadingZero = chunk[first] === ZERO && at - first > 1;
  if (at === first || hasLeadingZero || chunk[at] !== CR || chunk[at + 1] !== LF) return -1;
  cursor.at = at + 2;
  return value;
}
