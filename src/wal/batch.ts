/**
 * Records as the bytes of one append: the heads in one buffer, the bodies as they are, so that a
 * flush is one gathering write however many records it carries. Pure.
 */
import { type EncodedRecord, encodedBytes, segmentSalt, writeHead } from './codec.js';
import { RECORD_HEAD_BYTES } from './format.js';

/** Bodies up to this are copied beside their heads: fewer, longer chunks are cheaper to write. */
const COPY_BYTES = 4096;

export interface BatchPlace {
  readonly storeId: string;
  readonly segment: number;
  /** Where in the file the first record goes. */
  readonly offset: number;
}

/** The records are one flush: its first and its last are flagged. */
export function batchChunks(records: readonly EncodedRecord[], place: BatchPlace): Buffer[] {
  const salt = segmentSalt(place.storeId, place.segment);
  const slab = Buffer.allocUnsafe(records.reduce((sum, record) => sum + slabBytes(record), 0));
  const chunks: Buffer[] = [];
  let { offset } = place;
  let at = 0;
  let from = 0;
  for (const [index, record] of records.entries()) {
    const endsFlush = index === records.length - 1;
    writeHead(slab, at, record, { salt, offset, beginsFlush: index === 0, endsFlush });
    at += RECORD_HEAD_BYTES;
    if (record.bodyBytes <= COPY_BYTES) {
      for (const part of record.body) at += part.copy(slab, at);
    } else {
      chunks.push(slab.subarray(from, at), ...record.body);
      from = at;
    }
    offset += encodedBytes(record);
  }
  if (at > from) chunks.push(slab.subarray(from, at));
  return chunks;
}

function slabBytes(record: EncodedRecord): number {
  return RECORD_HEAD_BYTES + (record.bodyBytes <= COPY_BYTES ? record.bodyBytes : 0);
}
