import { expect } from 'chai';
import { pairBytes } from '../../../src/base/pair-memory.js';

/** Bytes a pair of the process's memory, in a table of 500,000 or a million of them. */
const MEASURED = [
  { key: 8, value: 0, bytes: 30 },
  { key: 8, value: 8, bytes: 39 },
  { key: 16, value: 100, bytes: 140 },
  { key: 256, value: 700, bytes: 1045 },
  { key: 16, value: 1000, bytes: 1045 },
  { key: 300, value: 0, bytes: 637 },
  { key: 300, value: 100, bytes: 658 },
  { key: 257, value: 700, bytes: 1308 },
  { key: 16, value: 1024, bytes: 1542 },
];

describe('base/pair-memory', () => {
  it('reckons no less than was measured, and not twice as much where pairs are small', () => {
    for (const { key, value, bytes } of MEASURED) {
      const reckoned = pairBytes(key, value);
      expect(reckoned, `${key} + ${value}`).to.be.at.least(bytes - 5);
      if (value >= 100) expect(reckoned, `${key} + ${value}`).to.be.below(1.7 * bytes);
    }
  });

  it('tells pairs in pages from others', () => {
    expect(pairBytes(256, 1023)).to.equal(1279 + 319 + 64);
    expect([pairBytes(257, 0), pairBytes(0, 1024)]).to.deep.equal([757, 1524]);
  });
});
