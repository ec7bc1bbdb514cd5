import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../../src/base/assert.js';
import { crc32 } from '../../../src/base/hash.js';
import { decodeBody, encodeBody, encodeRecord, readHead } from '../../../src/wal/codec.js';
import { MalformedRecordError } from '../../../src/wal/fields.js';
import { KIND_NUMBERS, RECORD_HEAD_BYTES } from '../../../src/wal/format.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { anyRecord, commit, epoch, oneOfEach, prepared, state } from './records.js';

const PLACE = { salt: 0x12345678, offset: 96, beginsFlush: true, endsFlush: false };

function roundTrip(record: WalRecord): WalRecord {
  const bytes = Buffer.concat(encodeRecord(record, PLACE));
  const head = readHead(bytes, 0, PLACE);
  expect(head).not.to.equal(null);
  if (head === null) throw new Error('no head');
  expect(head.length).to.equal(bytes.length - RECORD_HEAD_BYTES);
  const body = bytes.subarray(RECORD_HEAD_BYTES);
  expect(crc32(body)).to.equal(head.bodyCrc);
  return decodeBody(head, body);
}

describe('wal/codec', () => {
  it('numbers its kinds for ever', () => {
    expect(KIND_NUMBERS).to.deep.equal({
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
    });
  });

  it('gives back one of each kind', () => {
    const kinds = new Set(oneOfEach().map((record) => record.kind));
    expect([...kinds].sort()).to.deep.equal(Object.keys(KIND_NUMBERS).sort());
    for (const record of oneOfEach()) expect(roundTrip(record)).to.deep.equal(record);
  });

  it('gives back any record', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(roundTrip(record)).to.deep.equal(record);
      }),
    );
  });

  it('does not copy payloads', () => {
    const record = prepared(1, Buffer.alloc(100_000, 1));
    expect(encodeRecord(record, PLACE)).to.include(record.payload);
  });

  it('takes the checksum of a large payload from the one by which it was accepted', () => {
    const payload = Buffer.alloc(20_000, 'payload');
    const record = prepared(7, payload);
    expect(roundTrip(record)).to.deep.equal(record);
    payload[9999] = 0;
    const body = encodeBody(record);
    expect(crc32(Buffer.concat(body.body))).not.to.equal(body.bodyCrc);
  });

  it('counts a head only at its own place', () => {
    const bytes = Buffer.concat(encodeRecord(commit(1), PLACE));
    expect(readHead(bytes, 0, PLACE)).not.to.equal(null);
    expect(readHead(bytes, 0, { ...PLACE, offset: 97 })).to.equal(null);
    expect(readHead(bytes, 0, { ...PLACE, offset: PLACE.offset + 2 ** 32 })).to.equal(null);
    expect(readHead(bytes, 0, { ...PLACE, salt: 1 })).to.equal(null);
    expect(readHead(bytes.subarray(1), 0, PLACE)).to.equal(null);
  });

  it('refuses every body that is a byte short or long', () => {
    for (const record of oneOfEach()) {
      if (record.kind === 'prepared' || record.kind === 'piece') continue;
      const bytes = Buffer.concat(encodeRecord(record, PLACE));
      const head = readHead(bytes, 0, PLACE);
      if (head === null) throw new Error('no head');
      const body = bytes.subarray(RECORD_HEAD_BYTES);
      const long = Buffer.concat([body, Buffer.alloc(1)]);
      expect(() => decodeBody(head, long), record.kind).to.throw(MalformedRecordError);
      if (body.length === 0) continue;
      const short = body.subarray(0, -1);
      expect(() => decodeBody(head, short), record.kind).to.throw(MalformedRecordError);
    }
  });

  it('writes an empty lineage in one way alone, that of 0.1.0', () => {
    const early = { ...state(2), lineage: [] } as WalRecord;
    const bytes = Buffer.concat(encodeRecord(early, PLACE));
    const head = readHead(bytes, 0, PLACE);
    if (head === null) throw new Error('no head');
    const body = bytes.subarray(RECORD_HEAD_BYTES);
    expect(decodeBody(head, body)).to.deep.equal(early);
    const counted = Buffer.concat([body, Buffer.alloc(4)]);
    expect(() => decodeBody(head, counted)).to.throw(MalformedRecordError, 'says nothing');
  });

  it('refuses an epoch where none belongs', () => {
    const head = readHead(Buffer.concat(encodeRecord(commit(1), PLACE)), 0, PLACE);
    if (head === null) throw new Error('no head');
    expect(() => decodeBody({ ...head, kind: 'void' }, Buffer.alloc(0))).to.throw(
      MalformedRecordError,
    );
  });

  it('asserts that numbers fit', () => {
    expect(() => encodeRecord(epoch(2 ** 48), PLACE)).to.throw(AssertionError);
    expect(() => encodeRecord(epoch(-1), PLACE)).to.throw(AssertionError);
    expect(() => encodeRecord(epoch(1.5), PLACE)).to.throw(AssertionError);
  });
});
