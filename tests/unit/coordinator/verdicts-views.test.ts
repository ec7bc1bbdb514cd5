import { expect } from 'chai';
import { decideVerdicts, doubted } from '../../../src/coordinator/verdicts.js';
import type { View } from '../../../src/base/ids.js';
import type { Status } from '../../../src/rpc/status.js';
import { decided, epoch, holding, logOf, view } from './statuses.js';

/** Made by that epoch. */
const viewOf = (number: number): View => ({ ...view(number, 'a', 'b'), epoch: epoch(number) });

const a = (words: string, known: View | null, changes: object = {}): Status =>
  holding('a', words, { view: known, ...changes });
const b = (words: string, known: View | null, changes: object = {}): Status =>
  holding('b', words, { view: known, ...changes });

const outcome = (members: readonly Status[]): string => {
  const { deciders, decisions } = decideVerdicts(members, logOf('C'));
  return `${deciders.join(' ')}: ${decided(decisions).join(' ')}`;
};

describe('coordinator/verdicts: what members know of views', () => {
  it('@Z takes no absence for evidence of who knows no view of that epoch', () => {
    expect(outcome([a('C', viewOf(1)), b('C 2', viewOf(2))])).to.equal('s-b: 2:2 C');
    expect(outcome([a('C', null), b('C 2', viewOf(3))])).to.equal('s-b: 2:2 C');
    const damaged = b('C 2', viewOf(2), { fit: false });
    expect(outcome([a('C', viewOf(1)), damaged]), 'nobody is left').to.equal(': ');
  });

  it('@D aborts what cannot have been decided, as no view of its epoch was stored', () => {
    expect(outcome([a('C', viewOf(1)), b('C 2', viewOf(1))])).to.equal('s-a s-b: 2:2 A');
    expect(outcome([a('C', viewOf(2)), b('C 2', viewOf(2))])).to.equal('s-a s-b: 2:2 A');
    expect(outcome([a('C', null), b('C 2', null)])).to.equal('s-a s-b: 2:2 A');
  });

  it('doubts who has forgotten a view that was installed', () => {
    const tail = (status: Status, installed: View | null, heardTxid = 0): number =>
      doubted(status, installed, heardTxid).tailFrom;
    expect(tail(a('C 1', viewOf(1)), viewOf(2)), 'all that it may have had since').to.equal(3);
    expect(tail(a('C 1', null), viewOf(2))).to.equal(3);
    expect(tail(a('C 1', viewOf(1), { tailFrom: 2 }), viewOf(2)), 'its own mark').to.equal(2);
    expect(tail(a('C 1', viewOf(1), { tailFrom: 9 }), viewOf(2))).to.equal(3);
    expect(tail(a('C 1', viewOf(2)), viewOf(2))).to.equal(0);
    expect(tail(a('C 1', viewOf(3)), viewOf(2))).to.equal(0);
    expect(tail(a('C 1', viewOf(1)), null), 'nothing is known').to.equal(0);
    expect(tail(a('C 1', null), null)).to.equal(0);
    expect(tail(a('C 1', viewOf(1)), null, 2)).to.equal(0);
    expect(tail(a('C 1', viewOf(1)), null, 3), 'it had more before').to.equal(3);
  });
});
