import { expect } from 'chai';
import fc from 'fast-check';
import { crcOfWords } from '../../../src/base/crc-words.js';
import { crc32 } from '../../../src/base/hash.js';

describe('base/crc-words', () => {
  it('computes what zlib computes, whatever lies around the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(3), fc.nat(255), (bytes, at, around) => {
        const words = new Int32Array(at + 20);
        const view = Buffer.from(words.buffer).fill(around);
        view.set(bytes, 4 * at);
        expect(crcOfWords(words, at, bytes.length) >>> 0).to.equal(crc32(Buffer.from(bytes)));
      }),
    );
  });
});
