/** Sequences of participants that agree, and each way in which they can fail to. */
import { expect } from 'chai';
import {
  checkReplicaOrder,
  type Claim,
  claimsOf,
  nameOfDel,
  nameOfSet,
  type ParticipantSequence,
  type ResolvedTransaction,
} from '../../checkers/replica-order.js';
import { del, get, HistoryWriter, set } from './histories.js';

function commit(txid: number, command: string, epoch = 1): ResolvedTransaction {
  return { epoch, txid, outcome: 'commit', payloadHash: `#${command}`, commands: [command] };
}

function abort(txid: number, epoch = 1): ResolvedTransaction {
  return { epoch, txid, outcome: 'abort', payloadHash: '', commands: [] };
}

function sequence(
  participant: string,
  startsAfter: number,
  ...transactions: ResolvedTransaction[]
): ParticipantSequence {
  return { participant, startsAfter, transactions };
}

const A = 'SET k=a';
const B = 'SET k=b';
const ok = (command: string): Claim => ({ command, outcome: 'ok' });

function violations(sequences: readonly ParticipantSequence[], claims: readonly Claim[]): string {
  return checkReplicaOrder(sequences, claims).violations.join('\n');
}

describe('the checker of replicas accepts', () => {
  it('sequences that stop at different places', () => {
    const all = [sequence('p1', 0, commit(1, A), abort(2), commit(3, B)), sequence('p2', 0)];
    const verdict = checkReplicaOrder([...all, sequence('p3', 0, commit(1, A))], [ok(A), ok(B)]);
    expect(verdict).to.deep.equal({ violations: [], isComplete: true });
  });

  it('one that starts behind a snapshot', () => {
    const all = [
      sequence('p1', 0, commit(1, A), commit(2, B)),
      sequence('p2', 1, commit(2, B)),
      sequence('p3', 2),
    ];
    expect(checkReplicaOrder(all, [ok(A), ok(B)])).to.deep.equal({
      violations: [],
      isComplete: true,
    });
  });

  it('unknown outcomes, applied or not', () => {
    const claims: Claim[] = [
      { command: A, outcome: 'unknown' },
      { command: B, outcome: 'unknown' },
    ];
    expect(violations([sequence('p1', 0, commit(1, A))], claims)).to.equal('');
  });

  it('an abort whose epoch the participants name differently', () => {
    const all = [sequence('p1', 0, abort(1, 1)), sequence('p2', 0, abort(1, 2))];
    expect(violations(all, [])).to.equal('');
  });
});

describe('the checker of replicas', () => {
  it('does not call anything missing that a snapshot may hold', () => {
    const behind = [sequence('p1', 5, commit(6, B)), sequence('p2', 5, commit(6, B))];
    expect(checkReplicaOrder(behind, [ok(A), ok(B)])).to.deep.equal({
      violations: [],
      isComplete: false,
    });
    const ahead = [sequence('p1', 0, commit(1, B)), sequence('p2', 5)];
    expect(checkReplicaOrder(ahead, [ok(A), ok(B)]).isComplete).to.be.false;
  });

  it('takes its claims from a history', () => {
    const { operations } = new HistoryWriter()
      .ok(1, 0, 1, set({ a: '1', b: '2' }))
      .unknown(1, 2, del(['a', 'b'], null))
      .failed(1, 2, 3, set({ a: 'x'.repeat(100) }))
      .ok(1, 4, 5, get({ a: null }));
    const claims = claimsOf(operations);
    expect(claims.slice(0, 2)).to.deep.equal([
      { command: 'SET a=1 b=2', outcome: 'ok' },
      { command: 'DEL a b', outcome: 'unknown' },
    ]);
    expect(claims).to.have.length(3);
    expect(claims[2]?.command).to.match(/^SET a=x{40}…100:[0-9a-f]{32}$/);
  });

  it('tells long values apart by what is behind their beginning', () => {
    const long = 'x'.repeat(100);
    expect(nameOfSet([['a', `${long}1`]])).not.to.equal(nameOfSet([['a', `${long}2`]]));
    expect(nameOfDel(['a', 'b'])).to.equal('DEL a b');
  });
});

describe('the checker of replicas refuses', () => {
  const refused: Readonly<Record<string, [ParticipantSequence[], Claim[], RegExp]>> = {
    'two sequences that differ': [
      [
        sequence('p1', 0, commit(1, A), commit(2, B)),
        sequence('p2', 0, commit(1, B), commit(2, A)),
      ],
      [ok(A), ok(B)],
      /transaction 1: p1 and p2 applied two payloads/,
    ],
    'two payloads under one name': [
      [
        sequence('p1', 0, commit(1, A)),
        sequence('p2', 0, { ...commit(1, A), payloadHash: '#other' }),
      ],
      [ok(A)],
      /two payloads/,
    ],
    'one number used by two epochs': [
      [sequence('p1', 0, commit(1, A, 1)), sequence('p2', 0, commit(1, A, 2))],
      [ok(A)],
      /two epochs/,
    ],
    'a commit here that is an abort there': [
      [sequence('p1', 0, commit(1, A)), sequence('p2', 0, abort(1))],
      [ok(A)],
      /resolved it differently/,
    ],
    'a gap in the numbers': [
      [sequence('p1', 0, commit(1, A), commit(3, B))],
      [ok(A), ok(B)],
      /p1 resolved transaction 3 where 2 was next/,
    ],
    'a gap behind a snapshot': [
      [sequence('p1', 4, commit(6, B))],
      [ok(B)],
      /p1 resolved transaction 6 where 5 was next/,
    ],
    'an epoch that goes back': [
      [sequence('p1', 0, commit(1, A, 2), commit(2, B, 1))],
      [ok(A), ok(B)],
      /transaction 2 of epoch 1 follows 1 of 2/,
    ],
    'an acknowledged write that nobody has': [
      [sequence('p1', 0, commit(1, A)), sequence('p2', 0, commit(1, A))],
      [ok(A), ok(B)],
      /SET k=b: acknowledged 1 times, applied 0 times/,
    ],
    'a failed write that was applied': [
      [sequence('p1', 0, commit(1, A))],
      [{ command: A, outcome: 'failed' }],
      /SET k=a: applied 1 times \(transactions 1\), .* 1 failures/,
    ],
    'a failed write that was applied, behind a snapshot': [
      [sequence('p1', 7, commit(8, A))],
      [{ command: A, outcome: 'failed' }],
      /SET k=a: applied 1 times/,
    ],
    'a write that was applied twice': [
      [sequence('p1', 0, commit(1, A), commit(2, A))],
      [ok(A)],
      /SET k=a: applied 2 times/,
    ],
    'a write that nobody sent': [[sequence('p1', 0, commit(1, A))], [], /applied 1 times/],
    'one DEL of three that is missing': [
      [sequence('p1', 0, commit(1, 'DEL k'), commit(2, 'DEL k'))],
      [ok('DEL k'), ok('DEL k'), ok('DEL k')],
      /DEL k: acknowledged 3 times, applied 2 times/,
    ],
  };
  for (const [name, [sequences, claims, pattern]] of Object.entries(refused)) {
    it(name, () => expect(violations(sequences, claims)).to.match(pattern));
  }
});
