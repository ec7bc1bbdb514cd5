import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import {
  type TransactionState,
  TRANSITIONS,
  Transaction,
} from '../../../src/coordinator/transaction.js';

const STATES: readonly TransactionState[] = ['preparing', 'aborting', 'committed', 'aborted'];

const PATHS: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  preparing: [],
  aborting: ['aborting'],
  committed: ['committed'],
  aborted: ['aborting', 'aborted'],
};

function transaction(op: 'set' | 'del' = 'set', isAnswered = false): Transaction {
  const command =
    op === 'set'
      ? ({ op: 'set', pairs: [['k', Buffer.from('v')]] } as const)
      : ({ op: 'del', keys: ['k'] } as const);
  const client = isAnswered ? null : { session: 1, token: 1 };
  const write = { client, command, bytes: 1, pairs: 1, deadline: 0 };
  return new Transaction(1, 1, { parts: [], stage: '', length: 0, crc: 0 }, [write]);
}

describe('coordinator/transaction', () => {
  it('has a table that names every state', () => {
    expect(Object.keys(TRANSITIONS).sort()).to.deep.equal([...STATES].sort());
  });

  for (const from of STATES) {
    for (const to of STATES) {
      const legal = PATHS[to].at(-2) === from || (from === 'preparing' && PATHS[to].length === 1);
      it(`${legal ? 'goes' : 'never goes'} from ${from} to ${to}`, () => {
        const tx = transaction();
        for (const state of PATHS[from]) tx.become(state);
        if (legal) {
          tx.become(to);
          expect(tx.state).to.equal(to);
          return;
        }
        expect(() => {
          tx.become(to);
        }).to.throw(AssertionError);
        expect(tx.state).to.equal(from);
      });
    }
  }

  it('awaits results only for a client that still waits for a count', () => {
    expect(transaction('del').awaitsResults).to.equal(true);
    expect(transaction('set').awaitsResults).to.equal(false);
    expect(transaction('del', true).awaitsResults).to.equal(false);
  });
});
