import { expect } from 'chai';
import fc from 'fast-check';
import { Histogram } from '../../../src/base/histogram.js';

/** A histogram of durations, for percentiles in INFO. */
describe('a histogram', () => {
  it('has no percentile without a value', () => {
    expect(new Histogram().percentile(50)).to.equal(0);
  });

  it('tells percentiles at most an eighth too high, and never too low', () => {
    const values = fc.array(fc.integer({ min: 0, max: 2 ** 39 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (some, percent) => {
        const histogram = new Histogram();
        for (const value of some) histogram.add(value);
        const sorted = [...some].sort((a, b) => a - b);
        const exact = sorted[Math.ceil((some.length * percent) / 100) - 1] ?? 0;
        expect(histogram.count).to.equal(some.length);
        expect(histogram.percentile(percent)).to.be.within(exact, exact + exact / 8);
      }),
    );
  });

  it('takes values beyond all bounds', () => {
    const histogram = new Histogram();
    histogram.add(-1);
    histogram.add(Number.MAX_VALUE);
    expect(histogram.percentile(50)).to.equal(0);
    expect(histogram.percentile(100)).to.be.greaterThan(2 ** 40);
  });
});
