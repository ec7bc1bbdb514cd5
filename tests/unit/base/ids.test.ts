import { expect } from 'chai';
import { AssertionError, assert, unreachable } from '../../../src/base/assert.js';
import { type View, formatTxid, isMember, sameEpoch } from '../../../src/base/ids.js';

describe('base/ids', () => {
  it('takes two epochs for the same only if number and nonce agree', () => {
    expect(sameEpoch({ number: 1, nonce: 'a' }, { number: 1, nonce: 'a' })).to.equal(true);
    expect(sameEpoch({ number: 1, nonce: 'a' }, { number: 1, nonce: 'b' })).to.equal(false);
    expect(sameEpoch({ number: 1, nonce: 'a' }, { number: 2, nonce: 'a' })).to.equal(false);
  });

  it('knows a member by its store id, not by its address', () => {
    const members = [{ storeId: 's1', address: 'a:1' }];
    const view: View = { number: 1, epoch: { number: 1, nonce: 'a' }, firstTxid: 1, members };
    expect(isMember(view, 's1')).to.equal(true);
    expect(isMember(view, 'a:1')).to.equal(false);
    expect(isMember(null, 's1')).to.equal(false);
  });

  it('names a transaction by epoch and txid', () => {
    expect(formatTxid(3, 42)).to.equal('3:42');
  });
});

describe('base/assert', () => {
  it('throws what it was told, and only then', () => {
    assert(true, 'fine');
    expect(() => {
      assert(false, 'broken');
    }).to.throw(AssertionError, 'broken');
    expect(() => unreachable('x' as never)).to.throw(AssertionError, '"x"');
  });
});
