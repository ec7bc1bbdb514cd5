import { expect } from 'chai';
import { decideVerdicts } from '../../../src/coordinator/verdicts.js';
import type { Status } from '../../../src/rpc/status.js';
import { decided, holding, logOf } from './statuses.js';

const a = (words: string): Status => holding('a', words);
const b = (words: string, changes: object = {}): Status => holding('b', words, changes);

describe('coordinator/verdicts: of which epochs transactions were that ended', () => {
  it('@W counts no member that holds another transaction than the one that ended', () => {
    const out = (members: readonly Status[], log = '', others: readonly Status[] = []): string[] =>
      decideVerdicts(members, logOf(log), others).excluded.map(({ storeId }) => storeId);
    expect(out([a('C 1'), b('C C2')]), 'as a member says').to.deep.equal(['s-a']);
    expect(out([a('C 1 1'), b('C A2')]), 'an abort').to.deep.equal(['s-a']);
    expect(out([a('C 1')], '', [b('C C2')]), 'one that was asked').to.deep.equal(['s-a']);
    expect(out([a('C 1'), b('C C2', { fit: false })])).to.deep.equal(['s-b', 's-a']);
    expect(out([a('C 1'), b('C 2')], 'C C2'), 'as our log says').to.deep.equal(['s-a']);
    expect(out([a('C 1'), b('C C')]), 'the same').to.deep.equal([]);
    expect(out([a('C 1'), b('C 2', { fit: false })]), 'a damaged one').to.deep.equal([
      's-b',
      's-a',
    ]);
    const old = b('C C C2', { lineage: [{ epoch: 2, txid: 3 }] });
    expect(out([a('C 1'), old]), 'too long ago to tell').to.deep.equal(['s-a']);
  });

  it('@Z takes what follows such a transaction for no evidence', () => {
    const members = [a('C 1 1'), b('C C2', { tailFrom: 3 })];
    const { deciders, decisions } = decideVerdicts(members, logOf(''));
    expect([deciders, decisions]).to.deep.equal([['s-b'], []]);
  });

  it('names a commit as it was named where it ended', () => {
    const { decisions } = decideVerdicts([a('C 2'), b('C C2 3')], logOf('C'));
    expect(decided(decisions)).to.deep.equal(['2:2 C', '3:3 A']);
    const contradiction = decideVerdicts([a('C 3'), b('C C2')], logOf('C'));
    expect(decided(contradiction.decisions), 'who holds another one refuses').to.deep.equal([
      '2:2 C',
    ]);
  });

  it('learns from a decider of which epochs everything was', () => {
    const { lineage } = decideVerdicts([a('C C2'), b('C C2')], logOf(''));
    expect(lineage).to.deep.equal([
      { epoch: 1, txid: 1 },
      { epoch: 2, txid: 2 },
    ]);
    expect(decideVerdicts([], logOf('')).lineage).to.deep.equal([]);
  });
});
