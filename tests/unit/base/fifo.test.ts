import { expect } from 'chai';
import fc from 'fast-check';
import { Fifo } from '../../../src/base/fifo.js';

/** What is left of an array, and how to make it. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ push: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ drop: fc.integer({ min: 1, max: 100 }) }) },
  { weight: 1, arbitrary: fc.record({ replace: fc.nat(200), by: fc.nat() }) },
);

describe('base/fifo', () => {
  it('is what an array is that one pushes to and shifts', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        for (const each of steps) {
          if ('push' in each) {
            for (let count = 0; count < 20; count += 1) {
              fifo.push(each.push + count);
              model.push(each.push + count);
            }
          } else if ('drop' in each) {
            for (let count = 0; count < each.drop; count += 1) {
              fifo.dropFirst();
              model.shift();
            }
          } else {
            fifo.replace(each.replace, each.by);
            if (each.replace < model.length) model[each.replace] = each.by;
          }
          expect(fifo.length).to.equal(model.length);
          expect(fifo.first).to.equal(model[0] ?? null);
        }
        expect(model.map((_, index) => fifo.at(index))).to.deep.equal(model);
        expect([fifo.at(-1), fifo.at(model.length)]).to.deep.equal([null, null]);
        fifo.replace(-1, 7);
        expect(fifo.at(-1)).to.equal(null);
      }),
    );
  });
});
