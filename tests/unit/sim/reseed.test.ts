/** A kept plan gets another seed only where its own serves no more. */
import { expect } from 'chai';
import { drawOptions } from '../../sim/options.js';
import { reseed, servingSeed } from '../../sim/reseed.js';

const PLAN = { ...drawOptions(4711), clients: 2 };

describe('the seed of a kept plan', () => {
  it('stays where it serves', async () => {
    expect(await servingSeed(PLAN, () => Promise.resolve(true))).to.equal(4711);
  });

  it('becomes the first one that serves the same plan', async () => {
    const tried: number[] = [];
    const found = await servingSeed(PLAN, ({ seed, clients }) => {
      tried.push(seed);
      return Promise.resolve(seed === 3 && clients === 2);
    });
    expect([found, tried]).to.deep.equal([3, [4711, 1, 2, 3]]);
  });

  it('is none where none serves, after so many', async () => {
    let tries = 0;
    const found = await servingSeed(PLAN, () => {
      tries += 1;
      return Promise.resolve(false);
    });
    expect([found, tries]).to.deep.equal([null, 401]);
  });

  it('is not looked for where no control tells', async () => {
    const lines: string[] = [];
    expect(await reseed('full-disk-unsaid', (line) => lines.push(line))).to.equal(false);
    expect(lines.join()).to.match(/names no control/);
  });
});
