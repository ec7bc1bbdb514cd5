/**
 * The first bytes of a snapshot file: whose it is. Its frames cannot tell, since they flow
 * unchanged from one store to another. A file of release 0.1.0 begins with its first frame: the
 * length that stands there never looks like the magic number. Pure.
 */
import { crc32 } from '../base/hash.js';
import type { StoreId } from '../base/ids.js';
import { SnapshotError } from '../storage/snapshot.js';
import { OWNER_AT, SNAPSHOT_MAGIC, SNAPSHOT_OWNER_BYTES } from './format.js';
import { readId, writeId } from './segment-header.js';

export function encodeOwner(storeId: StoreId): Buffer {
  const bytes = Buffer.alloc(SNAPSHOT_OWNER_BYTES);
  SNAPSHOT_MAGIC.copy(bytes);
  writeId(bytes, storeId, OWNER_AT.storeId);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, OWNER_AT.crc)), OWNER_AT.crc);
  return bytes;
}

/** The store to which the file that begins so belongs; null: an early release did not tell. */
export function ownerOf(start: Buffer): StoreId | null {
  if (!start.subarray(0, SNAPSHOT_MAGIC.length).equals(SNAPSHOT_MAGIC)) return null;
  if (start.length < SNAPSHOT_OWNER_BYTES) throw new SnapshotError('its beginning is cut off');
  if (start.readUInt32BE(OWNER_AT.crc) !== crc32(start.subarray(0, OWNER_AT.crc))) {
    throw new SnapshotError('its beginning fails its checksum');
  }
  return readId(start, OWNER_AT.storeId);
}
