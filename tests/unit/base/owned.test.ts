import { expect } from 'chai';
import { owned } from '../../../src/base/owned.js';

describe('base/owned', () => {
  it('copies what is small beside the buffer that it keeps alive, and only that', () => {
    const large = Buffer.allocUnsafeSlow(1000);
    expect(owned(large)).to.equal(large);
    const half = large.subarray(500);
    expect(owned(half)).to.equal(half);
    const small = large.subarray(501);
    expect(owned(small).buffer).to.not.equal(large.buffer);
    expect(owned(small).equals(small)).to.equal(true);
  });
});
