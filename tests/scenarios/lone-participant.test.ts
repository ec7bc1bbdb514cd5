/**
 * What a participant does with messages that a coordinator never sends twice, early, late or from
 * the past, and what a power cut leaves of what it has said.
 */
import { expect } from 'chai';
import type { Reply } from '../../src/rpc/messages.js';
import { describe as words } from '../cluster/sim-observer.js';
import { LoneParticipant, fence, outcome, prepareDel, prepareSet } from './lone-participant.js';

const said = (replies: readonly Reply[]): string[] => replies.map((reply) => words(reply));

describe('a lone participant', () => {
  let participant: LoneParticipant;

  beforeEach(() => {
    participant = new LoneParticipant();
  });

  it('S11, H10: answers a gap with `need`, which is neither yes nor no, and leaves it open', () => {
    const link = participant.lead(1);
    expect(said(participant.tell(link, prepareSet(1, 2, 'x')))).to.deep.equal([
      'vote 1:2 need (transaction 1 is missing)',
    ]);
    expect(participant.state.inDoubt).to.have.length(0);
    expect(said(participant.tell(link, prepareSet(1, 1, 'x')))).to.deep.equal(['vote 1:1 yes']);
  });

  it('H3, H6: answers a PREPARE of another view with `need`', () => {
    const link = participant.lead(1, 2);
    expect(said(participant.tell(link, prepareSet(1, 1, 'x', 1)))).to.deep.equal([
      'vote 1:1 need (another view)',
    ]);
  });

  it('S25: counts a repeated PREPARE or outcome once', () => {
    const link = participant.lead(1);
    participant.tell(link, prepareSet(1, 1, 'x'));
    expect(said(participant.tell(link, prepareSet(1, 1, 'x')))).to.deep.equal(['vote 1:1 yes']);
    participant.tell(link, outcome(1, 1, true));
    const { chain } = participant.state.resolved;
    expect(said(participant.tell(link, outcome(1, 1, true)))).to.deep.equal(['done 1:1']);
    expect(said(participant.tell(link, prepareSet(1, 1, 'x')))).to.deep.equal([
      'vote 1:1 no (ended)',
    ]);
    expect(participant.state.resolved).to.deep.equal({ txid: 1, chain });
  });

  it('H9: refuses to hear of another outcome than the one it knows', () => {
    const link = participant.lead(1);
    participant.tell(link, prepareSet(1, 1, 'x'));
    participant.tell(link, outcome(1, 1, false));
    expect(said(participant.tell(link, outcome(1, 1, true)))).to.deep.equal([
      'refused protocol: transaction 1 ended here as aborted',
    ]);
  });

  it('H1, S7: takes an outcome only for the transaction of that epoch', () => {
    const first = participant.lead(1);
    participant.tell(first, prepareSet(1, 1, 'old'));
    const second = participant.lead(2, 2);
    const replies = participant.tell(second, outcome(2, 1, true));
    expect(said(replies)[0]).to.match(/^refused protocol: outcome of 2:1 does not follow 0/);
    expect(participant.state.table.get('k')).to.equal(undefined);
  });

  it('S4: says yes only once the promise is on disk, and forgets an unsynced one', () => {
    const link = participant.lead(1);
    expect(participant.ask(link, prepareSet(1, 1, 'x'))).to.deep.equal([]);
    participant.restart();
    expect(participant.state.inDoubt).to.have.length(0);
    const again = participant.connect();
    participant.tell(again, fence(1));
    expect(said(participant.tell(again, prepareSet(1, 1, 'x')))).to.deep.equal(['vote 1:1 yes']);
    participant.restart();
    expect(participant.state.inDoubt.map(({ record }) => record.txid)).to.deep.equal([1]);
  });

  it('H5: answers a fence only once it is on disk, and keeps to it after a restart', () => {
    participant.lead(1);
    const link = participant.connect();
    expect(participant.ask(link, fence(7))).to.deep.equal([]);
    expect(said(participant.sync(link))[0]).to.match(/^fenced epoch 7/);
    participant.restart();
    const old = participant.connect();
    expect(said(participant.tell(old, fence(6)))).to.deep.equal([
      'refused epoch: epoch 6 is over: this participant follows epoch 7',
    ]);
  });

  it('H2: refuses an equal epoch number with another nonce', () => {
    participant.lead(3);
    const link = participant.connect();
    const stranger = { number: 3, nonce: 'another' };
    const replies = participant.tell(link, {
      type: 'fence',
      epoch: stranger,
      clusterId: 'cluster',
      generation: 0,
      forced: false,
      expected: null,
    });
    expect(said(replies)[0]).to.match(/^refused epoch/);
  });

  it('H5, H10, S17, S24: refuses every message of a connection that was replaced', () => {
    const messages = [
      prepareSet(1, 1, 'x'),
      outcome(1, 1, true),
      { type: 'read', id: 1, view: 1, op: 'get', keys: ['k'] } as const,
      { type: 'view', view: participant.view(1, 9) } as const,
    ];
    for (const message of messages) {
      const lone = new LoneParticipant();
      const old = lone.lead(1);
      const before = lone.state.resolved;
      lone.lead(2, 2);
      // The old one was told that it is over when the new one came, and is closed.
      expect(said(lone.sync(old)).join()).to.match(/^(refused superseded.*)?$/);
      lone.tell(old, message);
      expect(lone.state.resolved).to.deep.equal(before);
      expect(lone.state.inDoubt).to.have.length(0);
      expect(lone.state.view?.number).to.equal(2);
    }
  });

  it('H4: keeps saying no until the abort is logged, and only then yes again', () => {
    const link = participant.lead(1);
    const tell = (...message: Parameters<typeof prepareSet>): string[] =>
      said(participant.tell(link, prepareSet(...message)));
    expect(tell(1, 1, 'y'.repeat(2_000_000))).to.deep.equal(['vote 1:1 no (memory)']);
    expect(tell(1, 2, 'small')).to.deep.equal(['vote 1:2 no (sticky)']);
    participant.tell(link, outcome(1, 1, false));
    participant.tell(link, outcome(1, 2, false));
    expect(tell(1, 3, 'small')).to.deep.equal(['vote 1:3 yes']);
  });

  it('H11: tells how far its outcomes are on disk, not how far they are applied', () => {
    const link = participant.lead(1);
    participant.tell(link, prepareSet(1, 1, 'x'));
    expect(participant.ask(link, outcome(1, 1, true)), 'nobody waits for it').to.deep.equal([]);
    const [done] = participant.tell(link, prepareDel(1, 2));
    expect(done).to.deep.include({ type: 'done', txid: 1, synced: 1 });
    const [next] = participant.ask(link, outcome(1, 2, true));
    expect(next).to.deep.include({ type: 'done', txid: 2, synced: 1 });
  });

  it('S5: comes back in doubt, and does not decide by itself', () => {
    const link = participant.lead(1);
    participant.tell(link, prepareSet(1, 1, 'x'));
    participant.restart();
    expect(participant.state.table.get('k')).to.equal(undefined);
    const again = participant.connect();
    const [fenced] = participant.tell(again, fence(2));
    expect(words(fenced ?? {})).to.equal('fenced epoch 2, resolved 0, in doubt 1:1');
    participant.tell(again, outcome(1, 1, true));
    expect(participant.state.table.get('k')?.toString()).to.equal('x');
  });
});
