/**
 * Records as bytes. A record is encoded in two steps: its body when it is appended, its head when
 * it is written, because the head's CRC depends on the place in the file.
 *
 * Knows nothing of files. Encoding is unique: what decodes at a place encodes to the same bytes
 * there. Payloads are never copied.
 */
import { assert, unreachable } from '../base/assert.js';
import { crcOfBoth } from '../base/crc-parts.js';
import { crc32 } from '../base/hash.js';
import type { View } from '../base/ids.js';
import type { Lineage } from '../base/lineage.js';
import {
  FieldReader,
  FieldWriter,
  MalformedRecordError,
  readInteger,
  writeInteger,
} from './fields.js';
import {
  ALL_FLAGS,
  FLAG_BEGINS_FLUSH,
  FLAG_ENDS_FLUSH,
  KIND_NUMBERS,
  MAX_BODY_BYTES,
  RECORD_AT,
  RECORD_HEAD_BYTES,
} from './format.js';
import {
  type EpochRecord,
  isPromise,
  type PreparedRecord,
  type StateRecord,
  type WalRecord,
} from './record.js';

const NOTHING = Buffer.alloc(0);

/** From here on combining checksums (some µs) costs less than reading the bytes (1 ns each). */
const COMBINED_BYTES = 16 * 1024;

const KINDS: readonly (WalRecord['kind'] | undefined)[] = (() => {
  const kinds: (WalRecord['kind'] | undefined)[] = [];
  for (const [kind, number] of Object.entries(KIND_NUMBERS)) {
    kinds[number] = kind as WalRecord['kind'];
  }
  return kinds;
})();

/** A record that is ready to be put at any place. */
export interface EncodedRecord {
  readonly kind: WalRecord['kind'];
  readonly epoch: number;
  readonly txid: number;
  readonly body: readonly Buffer[];
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  readonly isPromise: boolean;
}

/** What a record's head depends on beside the record. */
export interface RecordPlace {
  readonly salt: number;
  readonly offset: number;
  readonly beginsFlush: boolean;
  readonly endsFlush: boolean;
}

/** What a head says; `length` is the body's. */
export interface RecordHead {
  readonly kind: WalRecord['kind'];
  readonly beginsFlush: boolean;
  readonly endsFlush: boolean;
  readonly length: number;
  readonly bodyCrc: number;
  readonly epoch: number;
  readonly txid: number;
}

export function encodeBody(record: WalRecord): EncodedRecord {
  const body = bodyOf(record).filter((part) => part.length > 0);
  const bodyBytes = body.reduce((sum, part) => sum + part.length, 0);
  assert(bodyBytes <= MAX_BODY_BYTES, 'a record body is within its limit');
  const bodyCrc = bodyCrcOf(record, body);
  const names = namesOf(record);
  return { kind: record.kind, ...names, body, bodyBytes, bodyCrc, isPromise: isPromise(record) };
}

/**
 * A large payload is not read again: its own checksum, by which it was accepted, tells that of the
 * body. Should a byte have changed in memory since then, the record does not pass for sound.
 */
function bodyCrcOf(record: WalRecord, body: readonly Buffer[]): number {
  const [fields = NOTHING] = body;
  if (record.kind === 'prepared' && record.payload.length >= COMBINED_BYTES) {
    return crcOfBoth(crc32(fields), record.crc, record.payload.length);
  }
  return body.reduce((crc, part) => crc32(part, crc), 0);
}

/** Bytes of the record on disk. */
export function encodedBytes(record: EncodedRecord): number {
  return RECORD_HEAD_BYTES + record.bodyBytes;
}

/** Records of one segment differ in salt from those of any other, of this folder or another. */
export function segmentSalt(storeId: string, segment: number): number {
  return crc32(`${storeId}:${segment}`);
}

/** Every start value gives another CRC, so equal bytes at another place do not pass. */
function headSeed(salt: number, offset: number): number {
  return (salt ^ offset ^ Math.floor(offset / 0x1_0000_0000)) >>> 0;
}

/** Writes the head into `target` at `at`; the body goes behind it. */
export function writeHead(
  target: Buffer,
  at: number,
  record: EncodedRecord,
  place: RecordPlace,
): void {
  target.writeUInt32BE(record.bodyBytes, at + RECORD_AT.length);
  target.writeUInt32BE(record.bodyCrc, at + RECORD_AT.bodyCrc);
  target.writeUInt8(KIND_NUMBERS[record.kind], at + RECORD_AT.kind);
  const begins = place.beginsFlush ? FLAG_BEGINS_FLUSH : 0;
  target.writeUInt8(begins | (place.endsFlush ? FLAG_ENDS_FLUSH : 0), at + RECORD_AT.flags);
  target.writeUInt16BE(0, at + RECORD_AT.zero);
  writeInteger(target, record.epoch, at + RECORD_AT.epoch);
  writeInteger(target, record.txid, at + RECORD_AT.txid);
  const covered = target.subarray(at + RECORD_AT.length, at + RECORD_HEAD_BYTES);
  const crc = crc32(covered, headSeed(place.salt, place.offset));
  target.writeUInt32BE(crc, at + RECORD_AT.headCrc);
}

/** One record at one place: head and body parts. The log itself writes many heads at once. */
export function encodeRecord(record: WalRecord, place: RecordPlace): Buffer[] {
  const encoded = encodeBody(record);
  const head = Buffer.allocUnsafe(RECORD_HEAD_BYTES);
  writeHead(head, 0, encoded, place);
  return [head, ...encoded.body];
}

/** Null unless a sound head of this place lies at `at`. Cheap to ask at every byte. */
export function readHead(
  bytes: Buffer,
  at: number,
  place: { readonly salt: number; readonly offset: number },
): RecordHead | null {
  if (bytes.length - at < RECORD_HEAD_BYTES) return null;
  const kind = KINDS[bytes.readUInt8(at + RECORD_AT.kind)];
  const flags = bytes.readUInt8(at + RECORD_AT.flags);
  const length = bytes.readUInt32BE(at + RECORD_AT.length);
  if (kind === undefined || flags > ALL_FLAGS || length > MAX_BODY_BYTES) return null;
  if (bytes.readUInt16BE(at + RECORD_AT.zero) !== 0) return null;
  if (bytes.readUInt16BE(at + RECORD_AT.epoch) !== 0) return null;
  if (bytes.readUInt16BE(at + RECORD_AT.txid) !== 0) return null;
  const covered = bytes.subarray(at + RECORD_AT.length, at + RECORD_HEAD_BYTES);
  const crc = crc32(covered, headSeed(place.salt, place.offset));
  if (crc !== bytes.readUInt32BE(at + RECORD_AT.headCrc)) return null;
  return {
    kind,
    beginsFlush: (flags & FLAG_BEGINS_FLUSH) !== 0,
    endsFlush: (flags & FLAG_ENDS_FLUSH) !== 0,
    length,
    bodyCrc: bytes.readUInt32BE(at + RECORD_AT.bodyCrc),
    epoch: readInteger(bytes, at + RECORD_AT.epoch),
    txid: readInteger(bytes, at + RECORD_AT.txid),
  };
}

/** Epoch and txid stand in the head of every record; kinds that have none say 0. */
function namesOf(record: WalRecord): { epoch: number; txid: number } {
  switch (record.kind) {
    case 'view':
      return { epoch: record.view.epoch.number, txid: record.view.firstTxid };
    case 'epoch':
      return { epoch: record.epoch.number, txid: 0 };
    case 'state':
      return { epoch: 0, txid: record.lastTxid };
    case 'piece':
      return { epoch: 0, txid: 0 };
    case 'void':
    case 'tail':
    case 'sound':
      return { epoch: 0, txid: record.txid };
    default:
      return { epoch: record.epoch, txid: record.txid };
  }
}

function bodyOf(record: WalRecord): Buffer[] {
  switch (record.kind) {
    case 'prepared': {
      const fields = new FieldWriter().integer(record.view).integer(record.length);
      return [fields.u32(record.crc).string(record.stage).finish(), record.payload];
    }
    case 'piece': {
      const fields = new FieldWriter().integer(record.offset).integer(record.total);
      return [fields.string(record.stage).finish(), record.bytes];
    }
    case 'view':
      return [viewFields(new FieldWriter(), record.view).finish()];
    case 'epoch': {
      const fields = new FieldWriter().string(record.epoch.nonce);
      return [(record.withoutLog === true ? fields.flag(true) : fields).finish()];
    }
    case 'reset':
      return [new FieldWriter().string(record.chain).finish()];
    case 'state':
      return [stateFields(record)];
    case 'commit':
    case 'abort':
    case 'commitDone':
    case 'abortDone':
    case 'void':
    case 'tail':
    case 'sound':
      return [NOTHING];
    default:
      return unreachable(record);
  }
}

function viewFields(fields: FieldWriter, view: View): FieldWriter {
  fields.integer(view.number).string(view.epoch.nonce).u32(view.members.length);
  for (const member of view.members) fields.string(member.storeId).string(member.address);
  return fields;
}

function stateFields(record: StateRecord): Buffer {
  const fields = new FieldWriter().integer(record.settledTxid).flag(record.view !== null);
  if (record.view !== null) {
    fields.integer(record.view.epoch.number).integer(record.view.firstTxid);
    viewFields(fields, record.view);
  }
  fields.u32(record.epochs.length);
  for (const epoch of record.epochs) fields.integer(epoch.number).string(epoch.nonce);
  fields.u32(record.recent.length);
  for (const { epoch, txid, commit } of record.recent) {
    fields.integer(epoch).integer(txid).flag(commit);
  }
  if (record.lineage.length > 0) {
    fields.u32(record.lineage.length);
    for (const { epoch, txid } of record.lineage) fields.integer(epoch).integer(txid);
  }
  return fields.finish();
}

/**
 * The record of a head and its body, whose CRC the caller has compared. Parts of the body may be
 * referred to by the record. Throws MalformedRecordError.
 */
export function decodeBody(head: RecordHead, body: Buffer): WalRecord {
  const fields = new FieldReader(body);
  const record = recordOf(head, fields);
  fields.end();
  const names = namesOf(record);
  if (names.epoch !== head.epoch || names.txid !== head.txid) {
    throw new MalformedRecordError('an epoch or txid where none belongs');
  }
  return record;
}

function recordOf(head: RecordHead, fields: FieldReader): WalRecord {
  const { kind, epoch, txid } = head;
  switch (kind) {
    case 'prepared':
      return preparedOf(epoch, txid, fields);
    case 'piece': {
      const offset = fields.integer();
      const total = fields.integer();
      const stage = fields.string();
      return { kind, stage, offset, total, bytes: fields.rest() };
    }
    case 'view':
      return { kind, view: viewOf(epoch, txid, fields) };
    case 'epoch':
      return epochOf(epoch, fields);
    case 'reset':
      return { kind, txid, epoch, chain: fields.string() };
    case 'state':
      return stateOf(txid, fields);
    case 'commit':
    case 'abort':
    case 'commitDone':
    case 'abortDone':
      return { kind, epoch, txid };
    case 'void':
    case 'tail':
    case 'sound':
      return { kind, txid };
    default:
      return unreachable(kind);
  }
}

function epochOf(number: number, fields: FieldReader): EpochRecord {
  const epoch = { number, nonce: fields.string() };
  if (fields.isAtEnd) return { kind: 'epoch', epoch };
  if (!fields.flag()) throw new MalformedRecordError('a mark that says nothing');
  return { kind: 'epoch', epoch, withoutLog: true };
}

function preparedOf(epoch: number, txid: number, fields: FieldReader): PreparedRecord {
  const view = fields.integer();
  const length = fields.integer();
  const crc = fields.u32();
  const stage = fields.string();
  return { kind: 'prepared', epoch, txid, view, payload: fields.rest(), stage, length, crc };
}

function viewOf(epochNumber: number, firstTxid: number, fields: FieldReader): View {
  const number = fields.integer();
  const epoch = { number: epochNumber, nonce: fields.string() };
  const members = fields.list(() => {
    const storeId = fields.string();
    return { storeId, address: fields.string() };
  });
  return { number, epoch, firstTxid, members };
}

function stateOf(lastTxid: number, fields: FieldReader): StateRecord {
  const settledTxid = fields.integer();
  let view: View | null = null;
  if (fields.flag()) {
    const epoch = fields.integer();
    view = viewOf(epoch, fields.integer(), fields);
  }
  const epochs = fields.list(() => {
    const number = fields.integer();
    return { number, nonce: fields.string() };
  });
  const recent = fields.list(() => {
    const epoch = fields.integer();
    const txid = fields.integer();
    return { epoch, txid, commit: fields.flag() };
  });
  const lineage = fields.isAtEnd ? [] : lineageOf(fields);
  return { kind: 'state', lastTxid, settledTxid, view, epochs, recent, lineage };
}

function lineageOf(fields: FieldReader): Lineage {
  const lineage = fields.list(() => {
    const epoch = fields.integer();
    return { epoch, txid: fields.integer() };
  });
  if (lineage.length === 0) throw new MalformedRecordError('a list that says nothing');
  return lineage;
}
