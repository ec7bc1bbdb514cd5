import { expect } from 'chai';
import fc from 'fast-check';
import { REMEMBERED_LINEAGE } from '../../../src/base/limits.js';
import { type Lineage, epochAt, extended, joined } from '../../../src/base/lineage.js';

/** Transactions 1, 2, … of these epochs. */
const of = (...epochs: readonly number[]): Lineage =>
  epochs.reduce<Lineage>((all, epoch, at) => extended(all, epoch, at + 1), []);

const starts = (lineage: Lineage): string =>
  lineage.map(({ epoch, txid }) => `${epoch}:${txid}`).join(' ');

describe('base/lineage', () => {
  it('notes where each epoch begins', () => {
    expect(starts(of())).to.equal('');
    expect(starts(of(1, 1, 3, 3, 4))).to.equal('1:1 3:3 4:5');
    expect(starts(of(3, 1)), 'an epoch that is over does not begin again').to.equal('3:1');
  });

  it('tells the epoch of each transaction, and of none that is too old', () => {
    const lineage = of(1, 1, 3);
    expect([1, 2, 3, 4].map((txid) => epochAt(lineage, txid))).to.deep.equal([1, 1, 3, 3]);
    expect(epochAt([{ epoch: 3, txid: 5 }], 4)).to.equal(undefined);
    expect(epochAt([], 1)).to.equal(undefined);
  });

  it('forgets the oldest beyond its limit', () => {
    const many = of(...Array.from({ length: REMEMBERED_LINEAGE + 2 }, (_, at) => at + 1));
    expect([many.length, many[0]]).to.deep.equal([REMEMBERED_LINEAGE, { epoch: 3, txid: 3 }]);
  });

  it('learns from others what lies between two transactions', () => {
    const others = of(1, 1, 2, 2, 4, 5);
    expect(starts(joined(of(1, 1), 2, others, 5))).to.equal('1:1 2:3 4:5');
    expect(starts(joined([], 0, others, 6))).to.equal('1:1 2:3 4:5 5:6');
    expect(starts(joined(of(1, 1, 2), 3, others, 3)), 'nothing new').to.equal('1:1 2:3');
    expect(starts(joined([], 3, others, 3))).to.equal('');
    expect(starts(joined(of(1), 3, of(1, 2), 4)), 'a gap of its own').to.equal('1:1 2:4');
  });

  it('is the same whoever learns it, and when', () => {
    const steps = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.nat(), (news, seed) => {
        let epoch = 1;
        const whole = of(...news.map((isNew) => (epoch += isNew ? 1 : 0)));
        const from = seed % (news.length + 1);
        const known = joined([], 0, whole, from);
        expect(joined(known, from, whole, news.length)).to.deep.equal(whole);
      }),
    );
  });
});
