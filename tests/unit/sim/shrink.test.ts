/** A plan that fails is made smaller, and what is returned still fails. */
import { expect } from 'chai';
import fc from 'fast-check';
import { reduced, type SimOptions } from '../../sim/options.js';
import { shrink, type Shrunk } from '../../sim/shrink.js';
import { needs, outcomeOf, PLAN } from './planted-failure.js';

/** Of a plan that fails as a whole. */
function shrinkWhile(isFailing: (plan: SimOptions) => boolean): Promise<Shrunk> {
  return shrink(PLAN, outcomeOf(true), (plan) => Promise.resolve(outcomeOf(isFailing(plan))));
}

describe('the search for a smaller plan that fails', () => {
  it('ends with the faults and the clients that it takes to fail', async () => {
    const { plan, reduction, outcome } = await shrinkWhile(needs([3, 8], 2));
    expect(plan.faults.map(({ seed }) => seed)).to.deep.equal([3, 8]);
    expect(plan.clients).to.equal(2);
    expect(outcome.violations).to.deep.equal(['planted']);
    expect(reduced(PLAN, reduction)).to.deep.equal(plan);
  });

  it('keeps the plan whole where nothing can be left out', async () => {
    const all = PLAN.faults.map(({ seed }) => seed);
    const { plan, reduction } = await shrinkWhile(needs(all, PLAN.clients));
    expect(plan).to.deep.equal(PLAN);
    expect(reduction).to.deep.equal({});
  });

  it('never ends with a plan that passes, however failures lie among the plans', async () => {
    await fc.assert(
      fc.asyncProperty(fc.func(fc.boolean()), async (chance) => {
        const isFailing = (plan: SimOptions): boolean =>
          plan === PLAN || chance(plan.clients, ...plan.faults.map(({ seed }) => seed));
        const { plan } = await shrinkWhile(isFailing);
        expect(isFailing(plan)).to.equal(true);
        expect(plan.faults.length).to.be.at.most(PLAN.faults.length);
        expect(plan.clients).to.be.at.most(PLAN.clients);
      }),
      { numRuns: 200 },
    );
  });
});
