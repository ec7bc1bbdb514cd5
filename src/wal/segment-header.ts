/**
 * The first bytes of a segment: what the file is, whose, and by which format it is written. Pure.
 */
import { assert } from '../base/assert.js';
import { crc32 } from '../base/hash.js';
import {
  FORMAT_VERSION,
  HEADER_AT,
  ID_BYTES,
  LENGTH_MODULUS,
  ROLE_NUMBERS,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
} from './format.js';
import type { FolderIdentity } from './record.js';

export interface SegmentHeader extends FolderIdentity {
  readonly segment: number;
  /**
   * Length of the segment before, modulo `LENGTH_MODULUS`: when this one was begun, nothing could
   * be added there or cut off any more. 0: not told, by an older release or as there was none.
   */
  readonly previousBytes: number;
}

export type HeaderVerdict =
  | { readonly verdict: 'sound'; readonly header: SegmentHeader }
  | { readonly verdict: 'newer'; readonly version: number }
  | { readonly verdict: 'bad'; readonly reason: string };

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  SEGMENT_MAGIC.copy(bytes);
  bytes.writeUInt16BE(FORMAT_VERSION, HEADER_AT.version);
  bytes.writeUInt16BE(prefixCheck(bytes), HEADER_AT.check);
  bytes.writeUInt8(ROLE_NUMBERS[header.role], HEADER_AT.role);
  bytes.writeUInt32BE(header.segment, HEADER_AT.segment);
  bytes.writeUInt32BE(header.generation, HEADER_AT.generation);
  writeId(bytes, header.clusterId, HEADER_AT.clusterId);
  writeId(bytes, header.storeId, HEADER_AT.storeId);
  bytes.writeUInt32BE(header.previousBytes % LENGTH_MODULUS, HEADER_AT.previousBytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, HEADER_AT.crc)), HEADER_AT.crc);
  return bytes;
}

export function decodeSegmentHeader(bytes: Buffer): HeaderVerdict {
  const bad = (reason: string): HeaderVerdict => ({ verdict: 'bad', reason });
  if (bytes.length < SEGMENT_HEADER_BYTES) return bad('the segment header is cut off');
  if (!bytes.subarray(0, SEGMENT_MAGIC.length).equals(SEGMENT_MAGIC)) return bad('no magic number');
  if (bytes.readUInt16BE(HEADER_AT.check) !== prefixCheck(bytes)) {
    return bad('the version fails its check');
  }
  const version = bytes.readUInt16BE(HEADER_AT.version);
  if (version > FORMAT_VERSION) return { verdict: 'newer', version };
  if (bytes.readUInt32BE(HEADER_AT.crc) !== crc32(bytes.subarray(0, HEADER_AT.crc))) {
    return bad('the segment header fails its checksum');
  }
  const role = bytes.readUInt8(HEADER_AT.role);
  if (role !== ROLE_NUMBERS.coordinator && role !== ROLE_NUMBERS.participant) {
    return bad(`unknown role ${role}`);
  }
  return {
    verdict: 'sound',
    header: {
      role: role === ROLE_NUMBERS.coordinator ? 'coordinator' : 'participant',
      segment: bytes.readUInt32BE(HEADER_AT.segment),
      generation: bytes.readUInt32BE(HEADER_AT.generation),
      clusterId: readId(bytes, HEADER_AT.clusterId),
      storeId: readId(bytes, HEADER_AT.storeId),
      previousBytes: bytes.readUInt32BE(HEADER_AT.previousBytes),
    },
  };
}

function prefixCheck(bytes: Buffer): number {
  return crc32(bytes.subarray(0, HEADER_AT.check)) & 0xffff;
}

export function writeId(bytes: Buffer, id: string, at: number): void {
  assert(Buffer.byteLength(id) <= ID_BYTES, 'an identity fits its field');
  bytes.write(id, at, 'latin1');
}

export function readId(bytes: Buffer, at: number): string {
  const field = bytes.toString('latin1', at, at + ID_BYTES);
  const end = field.indexOf('\0');
  return end === -1 ? field : field.slice(0, end);
}
