import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../../src/base/assert.js';
import { FailureDetector } from '../../../src/coordinator/failure-detector.js';

describe('coordinator/failure-detector', () => {
  it('suspects exactly from one timeout after the last answer on', () => {
    const gaps = fc.array(fc.nat(3000), { maxLength: 20 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 2000 }), (list, timeout) => {
        const detector = new FailureDetector(timeout, 100);
        let now = 100;
        for (const gap of list) {
          now += gap;
          detector.answered(now);
          expect(detector.suspectedAt(false)).to.equal(now + timeout);
        }
      }),
    );
  });

  it('gives a newcomer one timeout', () => {
    const detector = new FailureDetector(1000, 5000);
    expect(detector.suspectedAt(false)).to.equal(6000);
  });

  it('keeps a tenth of the timeout for the removal of who cannot be reached any more', () => {
    const detector = new FailureDetector(1000, 5000);
    expect(detector.suspectedAt(true)).to.equal(5900);
    detector.answered(5500);
    expect(detector.suspectedAt(true)).to.equal(6400);
  });

  it('asserts that time never goes back', () => {
    const detector = new FailureDetector(1000, 5000);
    expect(() => {
      detector.answered(4999);
    }).to.throw(AssertionError);
  });
});
