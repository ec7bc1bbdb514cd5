import { expect } from 'chai';
import fc from 'fast-check';
import { crcOfBoth, crcOfTail } from '../../../src/base/crc-parts.js';
import { crc32 } from '../../../src/base/hash.js';

describe('base/crc-parts', () => {
  it('tells the checksum of a whole or of its end as if it had been read', () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, bytes, (head, tail) => {
        const whole = crc32(Buffer.concat([head, tail]));
        expect(crcOfBoth(crc32(head), crc32(tail), tail.length)).to.equal(whole);
        expect(crcOfTail(whole, crc32(head), tail.length)).to.equal(crc32(tail));
      }),
    );
  });

  it('does so for an end of many megabytes', () => {
    const head = Buffer.from('head');
    const tail = Buffer.alloc(20_000_003, 'tail');
    const whole = crc32(tail, crc32(head));
    expect(crcOfTail(whole, crc32(head), tail.length)).to.equal(crc32(tail));
    expect(crcOfBoth(crc32(head), crc32(tail), tail.length)).to.equal(whole);
  });
});
