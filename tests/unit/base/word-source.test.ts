import { expect } from 'chai';
import fc from 'fast-check';
import { WordSource } from '../../../src/base/word-source.js';

describe('base/word-source', () => {
  it('reads four bytes from any place, and the last ones filled up with zeros', () => {
    const source = new WordSource(Buffer.from([0, 1, 2, 3, 4, 0xff]));
    expect(source.word(1)).to.equal(0x04030201);
    expect(source.word(2)).to.equal(0xff040302 | 0);
    expect(source.lastWord(3, 3)).to.equal(0xff0403);
    expect(source.lastWord(5, 1)).to.equal(0xff);
  });

  it('copies bytes from any place to a word, and nothing else but what fills the last word', () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(bytes, fc.nat(7), fc.nat(7), fc.nat(3), (content, before, behind, at) => {
        const whole = Buffer.concat([Buffer.alloc(before, 1), content, Buffer.alloc(behind, 2)]);
        const target = Buffer.alloc(4 * at + content.length + 16, 9);
        const words = new Int32Array(target.buffer, 0, target.length >>> 2);
        const source = new WordSource(whole);
        source.copy(before, content.length, words, target, at);
        const end = 4 * at + content.length;
        expect(target.subarray(4 * at, end).equals(content)).to.equal(true);
        const rest = [...target.subarray(0, 4 * at), ...target.subarray((end + 3) & ~3)];
        expect(rest.every((byte) => byte === 9)).to.equal(true);
      }),
    );
  });
});
