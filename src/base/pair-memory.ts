/**
 * What a stored pair is taken to need of memory, so that coordinator and participants reckon alike.
 * More than was measured, with values that are written over again and again too. What a snapshot
 * holds while it is taken is not in it.
 */

/** A pair beyond either has objects of its own in the JavaScript heap, others share pages. */
export const PAGED_KEY_BYTES = 256;
export const PAGED_VALUE_BYTES = 1023;

/** The head of the entry, what its last words leave unused, and its share of the index. */
const PAGED_OVERHEAD_BYTES = 64;

/** Measured: 340 to 500. */
const OWN_OVERHEAD_BYTES = 500;

/** In pages a quarter is added for garbage and the ends of pages. */
export function pairBytes(keyLength: number, valueLength: number): number {
  const bytes = keyLength + valueLength;
  if (keyLength > PAGED_KEY_BYTES || valueLength > PAGED_VALUE_BYTES) {
    return bytes + OWN_OVERHEAD_BYTES;
  }
  return bytes + (bytes >>> 2) + PAGED_OVERHEAD_BYTES;
}
