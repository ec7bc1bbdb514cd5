import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../../src/base/assert.js';
import { FailureDetector } from '../../../src/coordinator/failure-detector.js';

describe('coordinator/failure-detector', () => {
  it('suspects exactly from one timeout after the last answer on', () => {
    const gaps = fc.array(fc.nat(3000), { maxLength: 20 });
    fc.assert(
      fc.property(gaps, fc.nat(3000), fc.integer({ min: 1, max: 2000 }), (list, rest, timeout) => {
        const detector = new FailureDetector(timeout, 100);
        let now = 100;
        for (const gap of list) {
          now += gap;
          expect(detector.isSuspected(now)).to.equal(gap >= timeout);
          detector.answered(now);
          expect(detector.isSuspected(now)).to.equal(false);
          expect(detector.suspectedAt).to.equal(now + timeout);
        }
        expect(detector.isSuspected(now + rest)).to.equal(rest >= timeout);
      }),
    );
  });

  it('gives a newcomer one timeout', () => {
    const detector = new FailureDetector(1000, 5000);
    expect(detector.isSuspected(5999)).to.equal(false);
    expect(detector.isSuspected(6000)).to.equal(true);
  });

  it('asserts that time never goes back', () => {
    const detector = new FailureDetector(1000, 5000);
    expect(() => {
      detector.answered(4999);
    }).to.throw(AssertionError);
  });
});
