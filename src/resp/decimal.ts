/**
 * Whole numbers as Redis reads them from the wire: canonical decimal only, so no sign but a minus,
 * no leading zero, no space. Knows nothing of where the bytes come from.
 */

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;

/** A signed 64-bit number has at most this many digits; with more it is out of range anyway. */
const MAX_DIGITS = 19;

/** Takes a number byte by byte, so that a length line may arrive in any fragments. */
export class DecimalReader {
  private magnitude = 0;
  private digits = 0;
  private negative = false;
  private valid = true;

  reset(): void {
    this.magnitude = 0;
    this.digits = 0;
    this.negative = false;
    this.valid = true;
  }

  add(byte: number): void {
    if (byte >= ZERO && byte <= NINE) {
      const followsZero = this.digits === 1 && this.magnitude === 0;
      if (followsZero || this.digits === MAX_DIGITS || (this.negative && this.startsAtZero(byte))) {
        this.valid = false;
        return;
      }
      this.magnitude = this.magnitude * 10 + (byte - ZERO);
      this.digits += 1;
    } else if (byte === MINUS && this.digits === 0 && !this.negative) {
      this.negative = true;
    } else {
      this.valid = false;
    }
  }

  /** Null if what was added is no canonical number. Beyond 2^53 only its order is exact. */
  value(): number | null {
    if (!this.valid || this.digits === 0) return null;
    return this.negative ? -this.magnitude : this.magnitude;
  }

  private startsAtZero(byte: number): boolean {
    return this.digits === 0 && byte === ZERO;
  }
}

/** The whole buffer as a number within the safe integers, or null. */
export function parseInteger(bytes: Buffer): number | null {
  if (bytes.length > MAX_DIGITS + 1) return null;
  const reader = new DecimalReader();
  for (const byte of bytes) reader.add(byte);
  const value = reader.value();
  return value !== null && Number.isSafeInteger(value) ? value : null;
}
