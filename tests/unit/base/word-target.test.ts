import { expect } from 'chai';
import fc from 'fast-check';
import { WordTarget } from '../../../src/base/word-target.js';

describe('base/word-target', () => {
  it('copies bytes that begin with a word to any place, and nothing behind them', () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(bytes, fc.nat(3), fc.nat(7), fc.nat(7), (content, from, at, offset) => {
        const source = Buffer.alloc(4 * (from + Math.ceil(content.length / 4)), 7);
        source.set(content, 4 * from);
        const words = new Int32Array(source.buffer, source.byteOffset, source.length >>> 2);
        const whole = Buffer.alloc(offset + at + content.length + 5, 9);
        new WordTarget(whole.subarray(offset)).copy(words, source, from, content.length, at);
        const end = offset + at + content.length;
        expect(whole.subarray(offset + at, end).equals(content)).to.equal(true);
        const rest = [...whole.subarray(0, offset + at), ...whole.subarray(end)];
        expect(rest.every((byte) => byte === 9)).to.equal(true);
      }),
    );
  });

  it('writes numbers big-endian', () => {
    const bytes = Buffer.alloc(6);
    new WordTarget(bytes.subarray(1)).u32(0x80000102, 0);
    expect([...bytes]).to.deep.equal([0, 0x80, 0, 1, 2, 0]);
  });
});
