import { expect } from 'chai';
import fc from 'fast-check';
import { Slots } from '../../../src/storage/slots.js';

function slotOf(slots: Slots, hash: number, place: number): number {
  let slot = slots.find(hash);
  while (slot >= 0 && slots.place(slot) !== place) slot = slots.findNext(slot, hash);
  return slot;
}

/** Few values, also such that differ only where a small index does not look, or wrap at its end. */
const HASHES = [0, 1, 2, -1, -2, 1 << 30, (1 << 30) | 1, 1 << 31, 0x12345678, -0x12345678];

describe('storage/slots', () => {
  const step = fc.tuple(fc.constantFrom('add', 'remove', 'move'), fc.nat(9), fc.nat(30));

  it('finds what was added and not removed, whichever hashes collide', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.nat(40), (steps, room) => {
        const slots = new Slots(room);
        const model = new Map<number, number>();
        let last = 0;
        for (const [what, at, number] of steps) {
          const hash = HASHES[at] ?? 0;
          const [place, held] = [...model][number % Math.max(1, model.size)] ?? [];
          if (what === 'add' || place === undefined || held === undefined) {
            last += 1;
            slots.add(hash, last);
            model.set(last, hash);
          } else if (what === 'remove') {
            slots.remove(slotOf(slots, held, place));
            model.delete(place);
          } else {
            last += 1;
            slots.move(slotOf(slots, held, place), last);
            model.delete(place);
            model.set(last, held);
          }
          for (const [each, itsHash] of model) {
            expect(slots.place(slotOf(slots, itsHash, each))).to.equal(each);
          }
          for (const one of HASHES) {
            let found = 0;
            for (let s = slots.find(one); s >= 0; s = slots.findNext(s, one)) found += 1;
            expect(found).to.equal([...model.values()].filter((other) => other === one).length);
          }
        }
      }),
    );
  });

  it('finds places by the thousand', () => {
    const slots = new Slots();
    const hashOf = (place: number): number => Math.imul(place, 0x9e3779b1);
    for (let place = 1; place <= 5000; place += 1) slots.add(hashOf(place), place);
    for (let place = 1; place <= 5000; place += 1) {
      expect(slots.place(slotOf(slots, hashOf(place), place))).to.equal(place);
    }
  });
});
