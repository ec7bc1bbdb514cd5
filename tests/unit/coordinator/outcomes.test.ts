import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { REMEMBERED_ABORTS, REMEMBERED_OUTCOMES } from '../../../src/base/limits.js';
import { type Decision, Outcomes } from '../../../src/coordinator/outcomes.js';
import { decided, logOf } from './statuses.js';

function filled(count: number, settled: number): Outcomes {
  const outcomes = new Outcomes();
  for (let txid = 1; txid <= count; txid += 1) {
    outcomes.add({ epoch: 1, txid, commit: txid % 3 !== 0 });
  }
  outcomes.settle(settled);
  return outcomes;
}

const txids = (decisions: readonly Decision[]): number[] => decisions.map(({ txid }) => txid);

describe('coordinator/outcomes', () => {
  it('remembers what was decided, once', () => {
    const outcomes = logOf('C A');
    expect(outcomes.get(1)?.commit).to.equal(true);
    expect(outcomes.get(2)?.commit).to.equal(false);
    expect(outcomes.get(3)).to.equal(undefined);
    expect(outcomes.decidedTxid).to.equal(2);
    expect(() => {
      outcomes.add({ epoch: 2, txid: 2, commit: true });
    }).to.throw(AssertionError);
  });

  it('settles no more than was decided, and never back', () => {
    const outcomes = logOf('C C C');
    outcomes.settle(9);
    expect(outcomes.settledTxid).to.equal(3);
    outcomes.settle(1);
    expect(outcomes.settledTxid).to.equal(3);
  });

  it('repeats in a new segment all that is unsettled, and the last ones in any case', () => {
    expect(txids(filled(10, 0).recent())).to.have.length(10);
    expect(txids(filled(10, 10).recent()), 'a member may still ask').to.have.length(10);
    const many = filled(3 * REMEMBERED_ABORTS, 3 * REMEMBERED_ABORTS);
    expect(txids(many.recent())[0]).to.equal(2 * REMEMBERED_ABORTS);
    expect(txids(filled(3 * REMEMBERED_ABORTS, 5).recent())[0]).to.equal(6);
    expect(new Outcomes().recent()).to.deep.equal([]);
  });

  it('takes over what somebody else says, instead of what it knew', () => {
    const outcomes = logOf('C C C C', 2);
    const recent = [
      { epoch: 7, txid: 2, commit: false },
      { epoch: 7, txid: 3, commit: true },
      { epoch: 7, txid: 3, commit: false },
      { epoch: 7, txid: 6, commit: true },
    ];
    outcomes.replace(5, 4, recent, []);
    expect(outcomes.get(1)).to.equal(undefined);
    expect(decided(outcomes.recent()), 'in order, up to what is decided').to.deep.equal([
      '7:2 A',
      '7:3 C',
    ]);
    expect([outcomes.decidedTxid, outcomes.settledTxid]).to.deep.equal([5, 4]);
    outcomes.add({ epoch: 8, txid: 6, commit: true });
    expect(outcomes.get(6)?.epoch).to.equal(8);
  });

  it('learns from members what it lacks: aborts by name, commits by their absence', () => {
    const outcomes = logOf('C A', 1);
    const aborted = [{ epoch: 1, txid: 4, commit: false }];
    outcomes.extend(5, aborted, [], false);
    expect(decided(outcomes.recent())).to.deep.equal(['1:1 C', '1:2 A', '1:4 A']);
    expect([outcomes.decidedTxid, outcomes.settledTxid]).to.deep.equal([5, 1]);
    outcomes.extend(6, [], [], true);
    expect([outcomes.decidedTxid, outcomes.settledTxid]).to.deep.equal([6, 6]);
    expect(outcomes.get(4)?.commit).to.equal(false);
  });

  it('knows of which epoch everything was, also what it learnt or does not remember', () => {
    const outcomes = logOf('C C2');
    outcomes.extend(
      4,
      [],
      [
        { epoch: 1, txid: 1 },
        { epoch: 3, txid: 4 },
      ],
      true,
    );
    outcomes.add({ epoch: 5, txid: 5, commit: true });
    const epochs = [1, 2, 3, 4, 5].map((txid) => outcomes.epochAt(txid));
    expect(epochs).to.deep.equal([1, 2, 2, 3, 5]);
    outcomes.replace(9, 9, [], [{ epoch: 5, txid: 7 }]);
    expect([outcomes.epochAt(6), outcomes.epochAt(9)]).to.deep.equal([undefined, 5]);
    outcomes.replace(9, 9, [{ epoch: 2, txid: 4, commit: false }], []);
    expect(
      [4, 5].map((txid) => outcomes.epochAt(txid)),
      'of 0.1.0',
    ).to.deep.equal([2, undefined]);
  });

  it('knows the last commit, before which aborts prove nothing', () => {
    for (const [words, last] of [
      ['', 0],
      ['A A', 0],
      ['C A C', 3],
      ['C A A', 1],
    ] as const) {
      expect(logOf(words).lastCommitted, words).to.equal(last);
    }
    const outcomes = logOf('C');
    outcomes.extend(3, [{ epoch: 1, txid: 3, commit: false }], [], true);
    expect(outcomes.lastCommitted, 'what is not remembered was committed').to.equal(2);
  });

  it('drops nothing that is taken over as unsettled, whatever was settled before', () => {
    const txid = REMEMBERED_OUTCOMES + 1000;
    const outcomes = filled(txid, txid);
    const recent = [
      { epoch: 1, txid: 1, commit: false },
      { epoch: 1, txid, commit: true },
    ];
    outcomes.replace(txid, 0, recent, []);
    expect(outcomes.get(1)).to.deep.equal(recent[0]);
  });

  it('goes back where an operator says so', () => {
    const outcomes = logOf('C C C C', 4);
    outcomes.replace(2, 2, outcomes.recent(), []);
    expect([outcomes.decidedTxid, outcomes.settledTxid]).to.deep.equal([2, 2]);
    expect(outcomes.get(3)).to.equal(undefined);
    outcomes.add({ epoch: 9, txid: 3, commit: false });
    expect(decided(outcomes.recent())).to.deep.equal(['1:1 C', '1:2 C', '9:3 A']);
  });

  it('takes room for epochs only where they change, and knows each of them', () => {
    const outcomes = filled(1000, 0);
    outcomes.add({ epoch: 5, txid: 1001, commit: true });
    outcomes.add({ epoch: 9, txid: 1002, commit: true });
    outcomes.add({ epoch: 9, txid: 1003, commit: false });
    const { blocks } = outcomes as unknown as { blocks: Map<number, { epochs: unknown }> };
    const several = [...blocks.values()].filter(({ epochs }) => epochs !== undefined);
    expect([blocks.size, several.length]).to.deep.equal([4, 1]);
    expect(decided(outcomes.recent()).slice(-4)).to.deep.equal([
      '1:1000 C',
      '5:1001 C',
      '9:1002 C',
      '9:1003 A',
    ]);
    for (let txid = 1004; txid <= 1100; txid += 1) outcomes.add({ epoch: 9, txid, commit: true });
    expect([...blocks.values()].at(-1)?.epochs, 'a block that begins after it').to.equal(undefined);
    expect([1023, 1024, 1100].map((txid) => outcomes.get(txid)?.epoch)).to.deep.equal([9, 9, 9]);
  });

  it('gives the memory of what it has forgotten back', () => {
    const outcomes = filled(3 * REMEMBERED_OUTCOMES, 0);
    const { blocks } = outcomes as unknown as { blocks: Map<number, unknown> };
    const before = blocks.size;
    outcomes.settle(3 * REMEMBERED_OUTCOMES);
    expect(blocks.size).to.be.below(before / 2);
    expect(outcomes.get(2 * REMEMBERED_OUTCOMES + 1)?.commit).to.not.equal(undefined);
  });

  it('forgets the oldest settled ones beyond its limit, and no unsettled one', () => {
    const outcomes = filled(REMEMBERED_OUTCOMES + 10, 0);
    expect(outcomes.get(1)?.txid, 'a member may be in doubt').to.equal(1);
    outcomes.settle(4);
    expect([outcomes.get(4), outcomes.get(5)?.txid]).to.deep.equal([undefined, 5]);
    outcomes.settle(REMEMBERED_OUTCOMES);
    expect([outcomes.get(10), outcomes.get(11)?.txid]).to.deep.equal([undefined, 11]);
    outcomes.add({ epoch: 1, txid: REMEMBERED_OUTCOMES + 11, commit: true });
    expect([outcomes.get(11), outcomes.get(12)?.txid]).to.deep.equal([undefined, 12]);
  });
});
