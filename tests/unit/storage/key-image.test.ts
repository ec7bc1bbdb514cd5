import { expect } from 'chai';
import fc from 'fast-check';
import { crc32 } from '../../../src/base/hash.js';
import { WordSource } from '../../../src/base/word-source.js';
import { IMAGE_BYTES, KeyImage } from '../../../src/storage/key-image.js';

function contents({ length, crc, hash, words }: KeyImage): unknown {
  return { length, crc, hash, words: [...words.subarray(0, Math.ceil(length / 4))] };
}

describe('storage/key-image', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ maxLength: 20, max: 127 }),
    fc.uint8Array({ minLength: IMAGE_BYTES - 5, maxLength: IMAGE_BYTES }),
  );

  it('is the same from a text, from bytes and from its own words', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat(5), (key, before, at) => {
        const text = Buffer.from(key).toString('latin1');
        const image = new KeyImage();
        image.readText(text);
        const expected = contents(image);
        expect(image.isWhole).to.equal(true);
        expect(image.crc >>> 0).to.equal(crc32(text));
        const other = new KeyImage();
        other.readText(Buffer.from(before).toString('latin1'));
        const around = Buffer.concat([Buffer.alloc(at, 0xff), key, Buffer.alloc(4, 0xff)]);
        other.readBytes(new WordSource(around), at, key.length);
        expect(contents(other)).to.deep.equal(expected);
        other.readWords(image.words, 0, key.length);
        expect(contents(other)).to.deep.equal(expected);
        expect(other.shard(10)).to.equal(image.shard(10)).and.to.be.within(0, 1023);
      }),
    );
  });

  it('has only a length and a checksum of a long key', () => {
    const image = new KeyImage();
    for (const key of ['x'.repeat(IMAGE_BYTES + 1), '\xff'.repeat(5000)]) {
      image.readText(key);
      expect([image.isWhole, image.length]).to.deep.equal([false, key.length]);
      expect(image.crc >>> 0).to.equal(crc32(key));
    }
  });

  it('has another hash for keys that differ in one bit, or in length alone', () => {
    const image = new KeyImage();
    const hashes = new Set<number>();
    const keys = ['', '\0', '\0\0', '\0\0\0\0', '\0\0\0\0\0'];
    for (let bit = 0; bit < 128; bit += 1) {
      const key = Buffer.alloc(16);
      key.writeUInt8(1 << (bit % 8), bit >>> 3);
      keys.push(key.toString('latin1'));
    }
    for (const key of keys) {
      image.readText(key);
      hashes.add(image.hash);
    }
    expect(hashes.size).to.be.at.least(keys.length - 1);
  });
});
