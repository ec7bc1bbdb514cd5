/** Bytes on their way to a socket. */

/** To be written as it is; text is latin1, one character a byte, so its length is that in bytes. */
export type Bytes = Buffer | string;

export function bytesOf(parts: readonly Bytes[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
}
