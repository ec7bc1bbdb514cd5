import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { ByToken } from '../../../src/resp/by-token.js';

describe('resp/by-token', () => {
  it('gives back what was added under each token, in any order, once', () => {
    const items = new ByToken<string>();
    for (const item of ['a', 'b', 'c', 'd']) {
      expect(items.nextToken).to.equal('abcd'.indexOf(item) + 1);
      items.add(item);
    }
    expect([items.take(3), items.take(1), items.size]).to.deep.equal(['c', 'a', 2]);
    items.add('e');
    expect([items.take(5), items.take(2), items.take(4)]).to.deep.equal(['e', 'b', 'd']);
    expect([items.size, items.nextToken]).to.deep.equal([0, 6]);
    for (const token of [0, 1, 3, 5, 6]) {
      expect(() => items.take(token), String(token)).to.throw(AssertionError);
    }
  });

  it('takes nothing twice while something in front of it is under way', () => {
    const items = new ByToken<string>();
    items.add('a');
    items.add('b');
    items.take(2);
    expect(() => items.take(2)).to.throw(AssertionError);
  });
});
