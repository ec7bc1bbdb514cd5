/**
 * The numbers of the log's file format: the only place that reader, writer and dump take them from.
 * docs/WAL_FORMAT.md explains them with an example. All integers are big-endian.
 *
 * Segment file: one header of SEGMENT_HEADER_BYTES, then records back to back, nothing between.
 */
import type { WalRecord } from './record.js';

/**
 * Raised when anything below changes its meaning. A folder of a higher version is refused by name.
 */
export const FORMAT_VERSION = 1;

/**
 * First bytes of a segment. These 8, the version and its check keep their place in all versions.
 */
export const SEGMENT_MAGIC = Buffer.from('KV2PCWAL', 'latin1');

/**
 * magic 8 | version u16 | check u16 (low half of CRC-32 of the 10 bytes before) | role u8 | zero 3
 * | segment u32 | generation u32 | cluster id 32 | store id 32 | bytes of the segment before u32 |
 * CRC-32 of the 92 bytes before
 */
export const SEGMENT_HEADER_BYTES = 96;
export const HEADER_AT = {
  version: 8,
  check: 10,
  role: 12,
  segment: 16,
  generation: 20,
  clusterId: 24,
  storeId: 56,
  previousBytes: 88,
  crc: 92,
} as const;
export const ID_BYTES = 32;

/** A snapshot file begins with magic 8 | store id 32 | CRC-32 of the 40 bytes before. */
export const SNAPSHOT_MAGIC = Buffer.from('KV2PCSNP', 'latin1');
export const SNAPSHOT_OWNER_BYTES = 44;
export const OWNER_AT = { storeId: 8, crc: 40 } as const;

/** A segment with one very large record may be longer than its successor's header can tell. */
export const LENGTH_MODULUS = 2 ** 32;
export const ROLE_NUMBERS = { coordinator: 1, participant: 2 } as const;

/**
 * head CRC u32 | body length u32 | body CRC u32 | kind u8 | flags u8 | zero u16 | epoch u64 |
 * txid u64 | body
 *
 * The head CRC covers the rest of the head, so the length is known to be sound before it is
 * believed; it starts from the segment's salt and the record's offset, so that a record counts only
 * where it was written. The body CRC, itself covered by the head CRC, covers the body.
 */
export const RECORD_HEAD_BYTES = 32;
export const RECORD_AT = {
  headCrc: 0,
  length: 4,
  bodyCrc: 8,
  kind: 12,
  flags: 13,
  zero: 14,
  epoch: 16,
  txid: 24,
} as const;

/** Set in the first record of a flush: everything before it was synced when it was written. */
export const FLAG_BEGINS_FLUSH = 1;

/** Set in the last record of a flush: without it the flush is not whole. */
export const FLAG_ENDS_FLUSH = 2;
export const ALL_FLAGS = FLAG_BEGINS_FLUSH | FLAG_ENDS_FLUSH;

/**
 * No body is longer. What a participant catches up on may come as one large PREPARED; everything
 * else is staged in pieces long before this.
 */
export const MAX_BODY_BYTES = 0x7fff_ffff;

/** Of one transaction: a PREPARED record may hold it whole, beside its other fields. */
export const MAX_PAYLOAD_BYTES = MAX_BODY_BYTES - 1023;

/** 0 is UNRESOLVED, a transaction without any record; it is never written. */
export const KIND_NUMBERS: Readonly<Record<WalRecord['kind'], number>> = {
  commit: 1,
  abort: 2,
  commitDone: 3,
  abortDone: 4,
  prepared: 5,
  view: 6,
  epoch: 7,
  reset: 8,
  void: 9,
  tail: 10,
  sound: 11,
  state: 12,
  piece: 13,
};
