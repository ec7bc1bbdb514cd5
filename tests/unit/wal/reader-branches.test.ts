/** A record that was meant as it stands, and that no release writes. */
import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import { batchChunks } from '../../../src/wal/batch.js';
import { encodeBody } from '../../../src/wal/codec.js';
import { SegmentReader } from '../../../src/wal/reader.js';
import { encodeSegmentHeader } from '../../../src/wal/segment-header.js';
import { OPTIONS, STORE_ID } from './log-fixture.js';
import { commit, epoch } from './records.js';

describe('wal/reader: a malformed record whose checksums hold', () => {
  it('is rot at its place, even in the last flush: it is no torn write', () => {
    const { role } = OPTIONS;
    const identity = { role, storeId: STORE_ID, clusterId: 'c'.repeat(32), generation: 1 };
    const header = encodeSegmentHeader({ ...identity, segment: 7, previousBytes: 0 });
    const sound = encodeBody(commit(1));
    const bytes = Buffer.concat([...encodeBody(epoch(4)).body, Buffer.from('behind')]);
    const bodyCrc = crc32(bytes);
    const wrong = { ...encodeBody(epoch(4)), body: [bytes], bodyBytes: bytes.length, bodyCrc };
    const place = { storeId: STORE_ID, segment: 7, offset: header.length };
    const found: string[] = [];
    const reader = new SegmentReader({ storeId: STORE_ID, segment: 7 }, ({ kind }) => {
      found.push(kind);
    });
    reader.feed(Buffer.concat([header, ...batchChunks([sound, wrong], place)]));
    const verdict = reader.finish();
    expect(found).to.deep.equal(['commit']);
    expect(verdict).to.include({ tail: 'rot', offset: header.length + 32 });
    expect(JSON.stringify(verdict)).to.contain('a epoch record is malformed');
  });
});
