/**
 * Collects bytes of which the final count is known, or at least bounded, while they arrive in
 * pieces. Nothing is allocated on a mere promise: up to 64 KiB there is room for sixteen times what
 * has arrived, beyond that for twice as much, and for the whole length only when 1 MiB is here. So
 * a declared 512 MB costs nothing, and a received one is copied once, a chunk at a time; what fits
 * into sixteen first chunks is not copied again at all.
 */
import { assert } from '../base/assert.js';

const FIRST_GROWTH = 16;
const FIRST_BYTES = 65_536;
const GROWTH = 2;
const TRUSTED_BYTES = 1_048_576;

const NOTHING = Buffer.alloc(0);

export class GrowingBuffer {
  private bytes = NOTHING;
  private filled = 0;

  constructor(private readonly expected: number) {}

  get length(): number {
    return this.filled;
  }

  append(source: Buffer, start: number, end: number): void {
    const needed = this.filled + (end - start);
    assert(needed <= this.expected, 'more bytes than a growing buffer was made for');
    if (needed > this.bytes.length) this.grow(needed);
    source.copy(this.bytes, this.filled, start, end);
    this.filled = needed;
  }

  /** What was collected. The buffer is handed over, not copied. */
  take(): Buffer {
    return this.filled === this.bytes.length ? this.bytes : this.bytes.subarray(0, this.filled);
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(roomFor(needed), this.expected));
    this.bytes.copy(larger, 0, 0, this.filled);
    this.bytes = larger;
  }
}

function roomFor(arrived: number): number {
  if (arrived >= TRUSTED_BYTES) return Infinity;
  return arrived <= FIRST_BYTES ? FIRST_GROWTH * arrived : GROWTH * arrived;
}
