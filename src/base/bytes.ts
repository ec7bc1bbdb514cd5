/**
 * Bytes that are handed on without being looked at: values from a table to a client, frames on
 * their way to a socket. A short text costs the collector a fraction of what a buffer does.
 */

/** Text is latin1, one character a byte, so its length is that in bytes. */
export type Bytes = Buffer | string;

/** Up to here a copy as text is cheaper than a buffer. */
export const TEXT_UP_TO_BYTES = 2048;

export function bufferOf(bytes: Bytes): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}

export function bytesOf(parts: readonly Bytes[]): Buffer {
  return Buffer.concat(parts.map(bufferOf));
}
