/**
 * The answer to a read of values, put together from the slices in which it comes. Knows nothing of
 * who asked nor of who answers.
 */
import { type Bytes, bufferOf, TEXT_UP_TO_BYTES } from '../base/bytes.js';
import { MAX_STORED_VALUE_BYTES, PIECE_BYTES, READ_WINDOW_PIECES } from '../base/limits.js';
import { owned } from '../base/owned.js';

const EMPTY = Buffer.alloc(0);

export class Assembly {
  readonly total: number;
  /** All of it came at once, in one piece, as nearly always. */
  private readonly cut: readonly (Bytes | null)[] | null;
  /** Else: buffers that are filled. */
  private readonly filled: readonly (Buffer | null)[];
  private received = 0;
  private requested = 0;

  /** `lengths`: of each value, -1 for one that is missing. `data`: the first slice of them all. */
  constructor(lengths: readonly number[], data: readonly Bytes[]) {
    this.total = totalOf(lengths);
    const [only = EMPTY] = data;
    const isWhole = data.length <= 1 && only.length === this.total;
    this.cut = isWhole ? cutOut(lengths, bufferOf(only)) : null;
    this.filled = isWhole ? [] : lengths.map(allocate);
    if (isWhole) this.received = this.total;
    else for (const bytes of data) this.place(bufferOf(bytes));
    this.requested = this.received;
  }

  get have(): number {
    return this.received;
  }

  /** The values once all bytes are here. */
  get whole(): readonly (Bytes | null)[] | null {
    return this.cut ?? (this.received >= this.total ? this.filled : null);
  }

  /** Where slices begin that are to be asked for now. */
  nextOffsets(): number[] {
    const offsets: number[] = [];
    const window = READ_WINDOW_PIECES * PIECE_BYTES;
    while (this.requested < this.total && this.requested - this.received < window) {
      offsets.push(this.requested);
      this.requested += Math.min(PIECE_BYTES, this.total - this.requested);
    }
    return offsets;
  }

  /** The next bytes of all values laid end to end. */
  place(bytes: Buffer): void {
    let at = this.received;
    let rest = bytes;
    for (const value of this.filled) {
      if (rest.length === 0) break;
      if (value === null) continue;
      if (at >= value.length) {
        at -= value.length;
        continue;
      }
      const copied = rest.copy(value, at);
      rest = rest.subarray(copied);
      at = 0;
    }
    this.received += bytes.length - rest.length;
  }
}

/** Values of these lengths, one behind the other in `data`. */
function cutOut(lengths: readonly number[], data: Buffer): (Bytes | null)[] {
  let at = 0;
  return lengths.map((length) => {
    if (length < 0) return null;
    const from = at;
    at += length;
    return valueIn(data, from, at);
  });
}

/** A text of its own where that is cheaper than a buffer: a part of a text would keep all of it. */
function valueIn(data: Buffer, from: number, to: number): Bytes {
  if (to - from > TEXT_UP_TO_BYTES) return owned(data.subarray(from, to));
  return data.toString('latin1', from, to);
}

export function totalOf(lengths: readonly number[]): number {
  let total = 0;
  for (const length of lengths) if (length > 0) total += length;
  return total;
}

/** A length for each key, and none that no value can have. */
export function isPlausible(lengths: readonly number[], keys: number): boolean {
  return lengths.length === keys && lengths.every((length) => length <= MAX_STORED_VALUE_BYTES);
}

function allocate(length: number): Buffer | null {
  return length < 0 ? null : Buffer.allocUnsafeSlow(length);
}
