/**
 * Collects bytes of which the final count is known, or at least bounded, while they arrive in
 * pieces. Nothing is allocated on a mere promise: there is room for at most sixteen times what has
 * arrived, of which the system gives no memory until it is filled, and for the whole length only
 * when 1 MiB is here. So a declared 512 MB costs nothing, and a received one is copied once, a
 * chunk at a time; what fits into sixteen first chunks is not copied again at all.
 */
import { assert } from '../base/assert.js';

const GROWTH = 16;
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
    const trusted = needed >= TRUSTED_BYTES ? this.expected : GROWTH * needed;
    const larger = Buffer.allocUnsafeSlow(Math.min(trusted, this.expected));
    this.bytes.copy(larger, 0, 0, this.filled);
    this.bytes = larger;
  }
}
