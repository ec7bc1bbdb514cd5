import { expect } from 'chai';
import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';

const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

describe('base/prng', () => {
  it('draws the same from the same seed, and something else from another', () => {
    const draw = (seed: number): number[] => {
      const prng = new Prng(seed);
      return Array.from({ length: 8 }, () => prng.next());
    };
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        expect(draw(a)).to.deep.equal(draw(a));
        if (a !== b) expect(draw(a)).to.not.deep.equal(draw(b));
      }),
    );
  });

  it('draws 32-bit numbers, whole numbers below a bound, and digits of the wanted length', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.nat(70),
        (seed, bound, size) => {
          const prng = new Prng(seed);
          const word = prng.next();
          expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).to.equal(true);
          const below = prng.below(bound);
          expect(Number.isInteger(below) && below >= 0 && below < bound).to.equal(true);
          expect(prng.hex(size)).to.match(new RegExp(`^[0-9a-f]{${size}}$`));
        },
      ),
    );
  });

  it('hits every bucket about as often', () => {
    const prng = new Prng(7);
    const counts = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i += 1) {
      const bucket = prng.below(16);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    for (const count of counts) expect(count).to.be.within(850, 1150);
  });

  it('says yes as often as it is told to', () => {
    const prng = new Prng(8);
    const share = (probability: number): number => {
      let yes = 0;
      for (let i = 0; i < 10_000; i += 1) if (prng.chance(probability)) yes += 1;
      return yes / 10_000;
    };
    expect(share(0)).to.equal(0);
    expect(share(1)).to.equal(1);
    expect(share(0.25)).to.be.within(0.23, 0.27);
  });
});
