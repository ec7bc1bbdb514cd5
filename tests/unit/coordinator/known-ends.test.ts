import { expect } from 'chai';
import { decideVerdicts, knownEnds } from '../../../src/coordinator/verdicts.js';
import type { Status } from '../../../src/rpc/status.js';
import { decided, holding, logOf } from './statuses.js';

const a = (words: string): Status => holding('a', words);
const b = (words: string): Status => holding('b', words);

describe('coordinator/verdicts: what a member is told before the view', () => {
  const told = (status: Status, others: readonly Status[], log = ''): readonly string[] => {
    const outcomes = logOf(log);
    return decided(knownEnds(status, decideVerdicts([status], outcomes, others), outcomes));
  };

  it('is what others have ended', () => {
    expect(told(a('C 1 1 1'), [b('C C A')])).to.deep.equal(['1:2 C', '1:3 A']);
    expect(told(a('C 1 1 1'), [b('C A C')])).to.deep.equal(['1:2 A', '1:3 C']);
    expect(told(a('C 1 1'), [b('C C C')])).to.deep.equal(['1:2 C', '1:3 C']);
    expect(told(a('C 1 1'), [])).to.deep.equal([]);
  });

  it('is what our log says as well', () => {
    expect(told(a('1 1 1'), [], 'C A')).to.deep.equal(['1:1 C', '1:2 A']);
    expect(told(a('1 1 1'), [b('C A A')], 'C A')).to.deep.equal(['1:1 C', '1:2 A', '1:3 A']);
  });

  it('names only what the member holds under that name', () => {
    expect(told(a('C 1 2'), [], 'C A A')).to.deep.equal(['1:2 A']);
  });

  it('is nothing where another transaction ended under that number', () => {
    const outcomes = logOf('');
    outcomes.replace(2, 2, [], [{ epoch: 2, txid: 2 }]);
    const verdicts = decideVerdicts([a('C 2')], outcomes);
    expect(decided(knownEnds(a('C 2'), verdicts, outcomes))).to.deep.equal(['2:2 C']);
    expect(decided(knownEnds(a('C 1'), verdicts, outcomes))).to.deep.equal([]);
  });

  it('takes for committed what is not remembered', () => {
    const outcomes = logOf('');
    outcomes.replace(2, 2, [{ epoch: 1, txid: 2, commit: false }], [{ epoch: 1, txid: 1 }]);
    const status = a('1 1');
    const verdicts = decideVerdicts([status], outcomes);
    expect(decided(knownEnds(status, verdicts, outcomes))).to.deep.equal(['1:1 C', '1:2 A']);
  });
});
