import { expect } from 'chai';
import fc from 'fast-check';
import { crc32, hmac, sameSecret, shortHash } from '../../../src/base/hash.js';

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

describe('base/hash', () => {
  it('computes the CRC-32 that everybody else computes', () => {
    expect(crc32('123456789')).to.equal(0xcbf43926);
    expect(crc32('')).to.equal(0);
  });

  it('goes on with an earlier checksum', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(crc32(b, crc32(a))).to.equal(crc32(Buffer.concat([a, b])));
      }),
    );
  });

  it('notices every single flipped bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (array, at) => {
        const whole = Buffer.from(array);
        const flipped = Buffer.from(array);
        const bit = at % (array.length * 8);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(crc32(flipped)).to.not.equal(crc32(whole));
      }),
    );
  });

  it('hashes text and bytes to 32 digits of SHA-256', () => {
    expect(shortHash('abc')).to.equal('ba7816bf8f01cfea414140de5dae2223');
    expect(shortHash(Buffer.from('abc'))).to.equal(shortHash('abc'));
  });

  it('computes the HMAC-SHA-256 of RFC 4231, test case 2', () => {
    expect(hmac('Jefe', 'what do ya want for nothing?')).to.equal(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('tells equal secrets from different ones, whatever their lengths', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(sameSecret(a, a)).to.equal(true);
        expect(sameSecret(a, b)).to.equal(a === b);
      }),
    );
  });
});
