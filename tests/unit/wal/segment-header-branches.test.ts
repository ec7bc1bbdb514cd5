/** Headers that are too short, or whole and of no role. */
import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import { HEADER_AT, SEGMENT_HEADER_BYTES } from '../../../src/wal/format.js';
import { decodeSegmentHeader, encodeSegmentHeader } from '../../../src/wal/segment-header.js';
import { STORE_ID } from './log-fixture.js';

const bytes = encodeSegmentHeader({
  role: 'participant',
  storeId: STORE_ID,
  clusterId: 'c'.repeat(32),
  generation: 1,
  segment: 3,
  previousBytes: 128,
});

describe('wal/segment-header: what is no header', () => {
  it('refuses one that is cut off, at any byte', () => {
    expect(decodeSegmentHeader(bytes).verdict).to.equal('sound');
    for (let kept = 0; kept < SEGMENT_HEADER_BYTES; kept += 1) {
      const verdict = decodeSegmentHeader(bytes.subarray(0, kept));
      expect(verdict).to.include({ verdict: 'bad', reason: 'the segment header is cut off' });
    }
  });

  it('refuses a role that there is not, although the checksum holds', () => {
    for (const role of [0, 77]) {
      const other = Buffer.from(bytes);
      other.writeUInt8(role, HEADER_AT.role);
      other.writeUInt32BE(crc32(other.subarray(0, HEADER_AT.crc)), HEADER_AT.crc);
      const reason = `unknown role ${role}`;
      expect(decodeSegmentHeader(other)).to.include({ verdict: 'bad', reason });
    }
  });
});
