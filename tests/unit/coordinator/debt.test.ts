import { expect } from 'chai';
import { Debt } from '../../../src/coordinator/debt.js';
import type { Reply, Request } from '../../../src/rpc/messages.js';

const outcome = (txid: number, commit: boolean): Request => ({
  type: 'outcome',
  epoch: 1,
  txid,
  commit,
});

const done = (txid: number): Reply => ({
  type: 'done',
  epoch: 1,
  txid,
  results: [],
  position: { txid, chain: '' },
  digest: '',
  synced: txid,
  bytes: 0,
  keys: 0,
});

const vote: Reply = { type: 'vote', epoch: 1, txid: 1, vote: 'yes', reason: '' };

describe('coordinator/debt', () => {
  it('grows with requests, and its time begins anew with each answer until it is paid', () => {
    const debt = new Debt();
    expect(debt.since).to.equal(Infinity);
    debt.sent({ type: 'inquire' }, 10);
    debt.sent(outcome(1, false), 20);
    expect(debt.since).to.equal(10);
    debt.answered(vote, 30);
    expect(debt.since).to.equal(30);
    debt.answered(done(1), 40);
    expect(debt.since).to.equal(Infinity);
    debt.answered(vote, 50);
    expect(debt.since, 'nothing was owed').to.equal(Infinity);
  });

  it('leaves out what is answered late or never, both when it is sent and when it is answered', () => {
    const debt = new Debt();
    debt.sent(outcome(1, true), 10);
    debt.sent({ type: 'sound', txid: 1 }, 10);
    debt.sent({ type: 'unstage', stage: 's' }, 10);
    expect(debt.since).to.equal(Infinity);
    debt.sent({ type: 'inquire' }, 20);
    debt.answered(done(1), 30);
    expect(debt.since, 'another question is still open').to.equal(30);
    const position = { txid: 1, chain: '' };
    const how = { how: 'delta', reason: '', digest: '' } as const;
    debt.answered({ type: 'caughtUp', attempt: 1, ok: true, position, ...how }, 40);
    expect(debt.since).to.equal(30);
  });

  it('goes with the connection', () => {
    const debt = new Debt();
    debt.sent(outcome(1, false), 10);
    debt.cancel();
    expect(debt.since).to.equal(Infinity);
    debt.sent({ type: 'inquire' }, 20);
    debt.answered(done(1), 30);
    expect(debt.since, 'of a question that is not on this connection').to.equal(30);
  });

  it('tells of a commit that has not arrived, while nothing that is answered was sent behind it', () => {
    const debt = new Debt();
    debt.sent(outcome(7, true), 10);
    expect(debt.lacks(6, 9), 'not yet').to.equal(false);
    expect(debt.lacks(6, 10)).to.equal(true);
    debt.sent({ type: 'inquire' }, 20);
    expect(debt.lacks(6, 30), 'it is asked').to.equal(false);
    debt.sent(outcome(8, true), 40);
    expect(debt.lacks(8, 50), 'it has arrived').to.equal(false);
    debt.sent(outcome(9, true), 60);
    debt.cancel();
    expect(debt.lacks(8, 70), 'of a connection that is gone').to.equal(false);
  });
});
