/**
 * Names that clients give to themselves appear in lists for people, one client a line: printable
 * ASCII without spaces, as in Redis, and of bounded length.
 */
import { MAX_CLIENT_NAME_BYTES } from './limits.js';

export function isPlainText(bytes: Buffer): boolean {
  if (bytes.length > MAX_CLIENT_NAME_BYTES) return false;
  return bytes.every((byte) => byte >= 0x21 && byte <= 0x7e);
}
