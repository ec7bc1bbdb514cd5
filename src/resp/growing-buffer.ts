/**
 * Collects bytes of which the final count is known, or at least bounded, while they arrive in
 * pieces. Nothing is allocated on a mere promise: the buffer doubles up to 1 MiB, and only when
 * that much has really arrived is the whole length allocated, once and without filling it. So a
 * declared 512 MB costs nothing, and a received one is copied once, a chunk at a time.
 */
import { assert } from '../base/assert.js';

const FIRST_BYTES = 4096;
const TRUSTED_BYTES = 1_048_576;

export class GrowingBuffer {
  private bytes: Buffer;
  private filled = 0;

  constructor(private readonly expected: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.min(expected, FIRST_BYTES));
  }

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
    const doubled = Math.max(needed, this.bytes.length * 2);
    const capacity = needed >= TRUSTED_BYTES ? this.expected : Math.min(doubled, this.expected);
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(larger, 0, 0, this.filled);
    this.bytes = larger;
  }
}
