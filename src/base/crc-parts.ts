/**
 * The checksum of a text from those of its two parts, or that of its end from the others, without a
 * look at the bytes. CRC-32 is linear: that of two texts in a row is that of the first, times
 * x^(8 n) for n bytes behind it, plus that of the second, as polynomials over GF(2) modulo the
 * CRC's (as zlib's `crc32_combine` has it). Adding and subtracting are the same there.
 */
import { POLYNOMIAL } from './crc-polynomial.js';

/** The polynomial 1: bits are reflected, the highest stands for x^0. */
const ONE = 0x80000000;
const X = 0x40000000;

function times(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product;
}

/** x^(8 n) modulo the polynomial, by squaring. */
function powerOfBytes(n: number): number {
  let power = ONE;
  let square = times(X, X);
  square = times(square, square);
  square = times(square, square);
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = times(square, power);
    square = times(square, square);
  }
  return power;
}

/** CRC-32 of a text whose last `tailLength` bytes have the second checksum, the rest the first. */
export function crcOfBoth(head: number, tail: number, tailLength: number): number {
  return (tail ^ times(powerOfBytes(tailLength), head)) >>> 0;
}

/** CRC-32 of the last `tailLength` bytes of a text, of which both other checksums are given. */
export function crcOfTail(whole: number, head: number, tailLength: number): number {
  return crcOfBoth(head, whole, tailLength);
}
