/**
 * Checksums and digests: pure functions of bytes. The only file that imports `node:crypto` or
 * `node:zlib` for them, so that the choice of algorithm is made once. Besides, numbers that nobody
 * can guess, for hash tables whose layout shows in nothing but their speed.
 */
import { createHash, createHmac, hash, randomFillSync, timingSafeEqual } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 (ISO 3309, as in zip and PNG), unsigned. `seed` continues an earlier checksum. */
export function crc32(data: Buffer | string, seed = 0): number {
  return zlibCrc32(data, seed);
}

/** First 16 bytes of SHA-256, as 32 hexadecimal digits. */
export function shortHash(data: Buffer | string): string {
  return hash('sha256', data, 'hex').slice(0, 32);
}

/** HMAC-SHA-256 (RFC 2104) as hexadecimal digits. */
export function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

/**
 * Compares two secrets without telling by its duration where they differ. That neither side has one
 * is no secret.
 */
export function sameSecret(a: string, b: string): boolean {
  if (a === '' && b === '') return true;
  const left = createHash('sha256').update(a).digest();
  const right = createHash('sha256').update(b).digest();
  return timingSafeEqual(left, right);
}

/** Random words of this process. What depends on them must not be told to anybody. */
export function secretWords(count: number): Int32Array {
  return randomFillSync(new Int32Array(count));
}
