/**
 * Bytes that keep no more in memory than they are worth: a copy of what is small beside the buffer
 * that it would keep alive, else the very same bytes.
 */
export function owned(bytes: Buffer): Buffer {
  return bytes.length * 2 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;
}
