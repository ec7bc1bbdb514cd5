/**
 * The answer to a read of values, put together from the slices in which it comes. Knows nothing of
 * who asked nor of who answers.
 */
import { MAX_STORED_VALUE_BYTES, PIECE_BYTES, READ_WINDOW_PIECES } from '../base/limits.js';
import { owned } from '../base/owned.js';

export class Assembly {
  readonly total: number;
  private readonly values: (Buffer | null)[] = [];
  private received = 0;
  private requested = 0;

  /** `lengths`: of each value, -1 for one that is missing. `data`: the first slice of them all. */
  constructor(
    private readonly lengths: readonly number[],
    data: readonly Buffer[],
  ) {
    this.total = totalOf(lengths);
    if (this.takeWhole(data)) return;
    this.values = lengths.map(allocate);
    for (const bytes of data) this.place(bytes);
    this.requested = this.received;
  }

  get have(): number {
    return this.received;
  }

  /** The values once all bytes are here. */
  get whole(): readonly (Buffer | null)[] | null {
    return this.received >= this.total ? this.values : null;
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
    for (const value of this.values) {
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

  /** The common case: all of it came at once, in one piece. */
  private takeWhole(data: readonly Buffer[]): boolean {
    const [only] = data;
    if (data.length > 1 || (only?.length ?? 0) !== this.total) return false;
    let at = 0;
    for (const length of this.lengths) {
      this.values.push(length < 0 ? null : only ? owned(only.subarray(at, at + length)) : EMPTY);
      at += Math.max(0, length);
    }
    this.received = this.total;
    return true;
  }
}

const EMPTY = Buffer.alloc(0);

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
