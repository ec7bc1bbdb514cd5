import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import { Prng } from '../../../src/base/prng.js';
import { batchChunks } from '../../../src/wal/batch.js';
import { encodeBody } from '../../../src/wal/codec.js';
import { HEADER_AT, SEGMENT_HEADER_BYTES } from '../../../src/wal/format.js';
import { SegmentReader, type TailVerdict } from '../../../src/wal/reader.js';
import type { FolderIdentity, WalRecord } from '../../../src/wal/record.js';
import { decodeSegmentHeader, encodeSegmentHeader } from '../../../src/wal/segment-header.js';
import { commit, epoch, oneOfEach, prepared } from './records.js';

const IDENTITY: FolderIdentity = {
  role: 'participant',
  storeId: '0123456789abcdef0123456789abcdef',
  clusterId: 'fedcba9876543210fedcba9876543210',
  generation: 4,
};
const SEGMENT = 7;
const HEADER = { ...IDENTITY, segment: SEGMENT, previousBytes: 5 };

interface Reading {
  readonly records: readonly WalRecord[];
  readonly verdict: TailVerdict;
}

/** A segment of these flushes, and where each flush begins. */
function segment(flushes: readonly (readonly WalRecord[])[]): { bytes: Buffer; starts: number[] } {
  let bytes = encodeSegmentHeader(HEADER);
  const starts: number[] = [];
  for (const flush of flushes) {
    starts.push(bytes.length);
    const place = { storeId: IDENTITY.storeId, segment: SEGMENT, offset: bytes.length };
    bytes = Buffer.concat([bytes, ...batchChunks(flush.map(encodeBody), place)]);
  }
  return { bytes, starts };
}

function read(chunks: readonly Buffer[], number = SEGMENT): Reading {
  const records: WalRecord[] = [];
  const expected = { storeId: IDENTITY.storeId, segment: number };
  const reader = new SegmentReader(expected, (record) => records.push(record));
  for (const chunk of chunks) reader.feed(chunk);
  return { records, verdict: reader.finish() };
}

const RECORDS = oneOfEach();
const FLUSHES = [RECORDS.slice(0, 4), RECORDS.slice(4, 5), RECORDS.slice(5)];

describe('wal/reader', () => {
  it('reads back what was written, in order', () => {
    const { bytes } = segment(FLUSHES);
    expect(read([bytes])).to.deep.equal({ records: RECORDS, verdict: { tail: 'clean' } });
  });

  it('reads the same however the bytes are cut in two', () => {
    const { bytes } = segment(FLUSHES);
    for (let at = 0; at <= bytes.length; at += 1) {
      const reading = read([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(reading.verdict, `cut at ${at}`).to.deep.equal({ tail: 'clean' });
      expect(reading.records).to.deep.equal(RECORDS);
    }
  });

  it('reads the same byte by byte', () => {
    const { bytes } = segment(FLUSHES);
    const reading = read([...bytes].map((byte) => Buffer.from([byte])));
    expect(reading).to.deep.equal({ records: RECORDS, verdict: { tail: 'clean' } });
  });

  it('joins a record that is longer than many chunks', () => {
    const large = prepared(1, Buffer.alloc(300_000, 5));
    const { bytes } = segment([[large], [commit(1)]]);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 1000) chunks.push(bytes.subarray(at, at + 1000));
    expect(read(chunks).records).to.deep.equal([large, commit(1)]);
  });

  it('S37: a file that ends at any byte is a torn tail, and every whole record before it counts', () => {
    const { bytes } = segment(FLUSHES);
    const ends = [SEGMENT_HEADER_BYTES];
    let whole: Buffer = Buffer.alloc(0);
    for (const record of RECORDS) {
      whole = Buffer.concat([whole, ...encodeParts(record)]);
      ends.push(SEGMENT_HEADER_BYTES + whole.length);
    }
    for (let end = 0; end < bytes.length; end += 1) {
      const { records, verdict } = read([bytes.subarray(0, end)]);
      const before = ends.filter((offset) => offset <= end);
      const offset = before.at(-1) ?? 0;
      expect(records, `cut at ${end}`).to.deep.equal(
        RECORDS.slice(0, Math.max(0, before.length - 1)),
      );
      if (offset === end && end > 0) expect(verdict).to.deep.equal({ tail: 'clean' });
      else if (end === 0) {
        expect(verdict).to.deep.equal({ tail: 'torn', offset: 0, nonZero: false });
      } else expect(verdict).to.deep.equal({ tail: 'torn', offset, nonZero: true });
    }
  });

  it('S37, S38: any changed byte is noticed: rot if a later flush proves it was synced, else torn', () => {
    const { bytes, starts } = segment(FLUSHES);
    const lastFlush = starts.at(-1) ?? 0;
    for (let at = 0; at < bytes.length; at += 1) {
      for (const mask of [1, 0x80, 0xff]) {
        const damaged = Buffer.from(bytes);
        damaged.writeUInt8((damaged[at] ?? 0) ^ mask, at);
        const { records, verdict } = read([damaged]);
        expect(verdict.tail, `byte ${at}`).to.equal(at < lastFlush ? 'rot' : 'torn');
        expect(records).to.deep.equal(RECORDS.slice(0, records.length));
        expect(records.length).to.be.lessThan(RECORDS.length);
        if (verdict.tail !== 'clean') expect(verdict.offset).to.be.at.most(at);
      }
    }
  });

  it('gives the same verdict on damage however the bytes are cut', () => {
    const { bytes } = segment(FLUSHES);
    const prng = new Prng(5);
    for (let round = 0; round < 300; round += 1) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(prng.below(256), prng.below(bytes.length));
      const whole = read([damaged]);
      const chunks: Buffer[] = [];
      for (let at = 0; at < damaged.length;) {
        const length = 1 + prng.below(50);
        chunks.push(damaged.subarray(at, at + length));
        at += length;
      }
      expect(read(chunks)).to.deep.equal(whole);
    }
  });

  it('takes a lost sector in the last flush for torn although sound records follow', () => {
    const flush = [prepared(2), prepared(3), prepared(4)];
    const { bytes, starts } = segment([[prepared(1)], flush]);
    const torn = Buffer.from(bytes);
    torn.fill(0, starts[1], (starts[1] ?? 0) + 40);
    const { records, verdict } = read([torn]);
    expect(records).to.deep.equal([prepared(1)]);
    expect(verdict).to.deep.equal({ tail: 'torn', offset: starts[1], nonZero: true });
  });

  it('tells zeros that nobody wrote from a torn write', () => {
    const { bytes } = segment(FLUSHES);
    for (const zeros of [1, 31, 32, 33, 5000]) {
      const { records, verdict } = read([bytes, Buffer.alloc(zeros)]);
      expect(records).to.deep.equal(RECORDS);
      expect(verdict).to.deep.equal({ tail: 'zeros', offset: bytes.length });
    }
  });

  it('is not deceived by a value that holds a piece of this very log', () => {
    const { bytes } = segment([[epoch(1)], [prepared(1)], [commit(1)]]);
    const carrier = prepared(2, bytes);
    const outer = segment([[epoch(1)], [carrier]]);
    const torn = outer.bytes.subarray(0, -1);
    const { records, verdict } = read([torn]);
    expect(records).to.deep.equal([epoch(1)]);
    expect(verdict).to.deep.equal({ tail: 'torn', offset: outer.starts[1], nonZero: true });
  });

  it('S38: a length that is out of bounds is not believed', () => {
    const { bytes } = segment([[commit(1)]]);
    const damaged = Buffer.from(bytes);
    damaged.writeUInt32BE(0xffff_ffff, SEGMENT_HEADER_BYTES + 4);
    expect(read([damaged]).verdict.tail).to.equal('torn');
  });

  it('S40: a whole segment under another number is rot, not an empty one', () => {
    const { bytes } = segment([[commit(1)]]);
    const { records, verdict } = read([bytes], SEGMENT + 1);
    expect(records).to.deep.equal([]);
    expect(verdict.tail).to.equal('rot');
  });

  it('refuses a later format by its number', () => {
    const bytes = encodeSegmentHeader(HEADER);
    expect(decodeSegmentHeader(bytes)).to.deep.equal({
      verdict: 'sound',
      header: HEADER,
    });
    const later = laterFormat(bytes);
    expect(decodeSegmentHeader(later)).to.deep.equal({ verdict: 'newer', version: 2 });
    const alone = Buffer.from(bytes);
    alone.writeUInt16BE(2, HEADER_AT.version);
    expect(decodeSegmentHeader(alone).verdict).to.equal('bad');
  });
});

function encodeParts(record: WalRecord): readonly Buffer[] {
  return batchChunks([encodeBody(record)], { storeId: '', segment: 1, offset: 0 });
}

/** What a release with the next format version would begin its segments with. */
function laterFormat(header: Buffer): Buffer {
  const bytes = Buffer.from(header);
  bytes.writeUInt16BE(2, HEADER_AT.version);
  const check = crc32(bytes.subarray(0, HEADER_AT.check)) & 0xffff;
  bytes.writeUInt16BE(check, HEADER_AT.check);
  return bytes;
}
