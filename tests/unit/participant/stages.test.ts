import { expect } from 'chai';
import fc from 'fast-check';
import { crc32 } from '../../../src/base/hash.js';
import { Stages } from '../../../src/participant/stages.js';

describe('participant/stages', () => {
  it('puts a payload together from any cut, whatever is repeated or comes early', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(cuts, fc.infiniteStream(fc.nat(2)), (lengths, disorder) => {
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const whole = Buffer.from(Array.from({ length: total }, (_, index) => index & 255));
        const stages = new Stages();
        const stage = stages.begin('s', total);
        let at = 0;
        for (const length of lengths) {
          const piece = whole.subarray(at, at + length);
          const value = disorder.next().value as number;
          if (value === 1) expect(stages.add(stage, at + 1, piece), 'early').to.equal(false);
          expect(stages.add(stage, at, piece)).to.equal(true);
          if (value === 2) expect(stages.add(stage, at, piece), 'again').to.equal(false);
          at += length;
        }
        expect(stage.payload.equals(whole)).to.equal(true);
        expect(stage.have).to.equal(total);
        expect(stage.crc).to.equal(crc32(whole));
      }),
    );
  });

  it('refuses what does not fit, and takes nothing of it', () => {
    const stages = new Stages();
    const stage = stages.begin('s', 3);
    expect(stages.add(stage, 0, Buffer.from('abcd'))).to.equal(false);
    expect(stage.have).to.equal(0);
  });

  it('counts bytes as allocated, and forgets by name, by reference, or everything', () => {
    const stages = new Stages();
    for (const name of ['a', 'b', 'c']) stages.begin(name, 10);
    expect([stages.bytes, stages.count]).to.deep.equal([30, 3]);
    stages.remove('');
    stages.remove('a');
    expect(stages.get('a')).to.equal(undefined);
    stages.keepOnly(new Set(['c', 'unknown', '']));
    expect([...stages.all()].map(({ name }) => name)).to.deep.equal(['c']);
    stages.clear();
    expect([stages.bytes, stages.count]).to.deep.equal([0, 0]);
  });
});
