import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { START_CHAIN } from '../../../src/base/ids.js';
import { REMEMBERED_ABORTS } from '../../../src/base/limits.js';
import { pairBytes } from '../../../src/base/pair-memory.js';
import { ParticipantState } from '../../../src/participant/state.js';
import { lookThrough } from '../../../src/storage/apply.js';
import { nextChain } from '../../../src/storage/commands.js';
import { Table } from '../../../src/storage/table.js';
import { del, preparedRecord, set, view } from './participant-driver.js';

function prepareIn(state: ParticipantState, txid: number, key = 'k'): void {
  const record = preparedRecord(txid, [set(key, 'v'), del('k')]);
  const { payload } = record;
  state.prepare({ record, lsn: 0, payload, facts: lookThrough(payload) });
}

describe('participant/state', () => {
  it('applies in txid order, tells one number a command, and moves chain and history along', () => {
    const state = new ParticipantState(10_000);
    prepareIn(state, 1);
    prepareIn(state, 2, 'other');
    const { length, crc } = preparedRecord(1, [set('k', 'v'), del('k')]);
    expect(state.commit(1, 1)).to.deep.equal([1, 1]);
    const chain = nextChain(START_CHAIN, 1, 1, length, crc);
    expect(state.resolved).to.deep.equal({ txid: 1, chain });
    expect(state.history.at(1)?.commit).to.equal(true);
    expect(state.commit(1, 2)).to.deep.equal([1, 0]);
    expect(state.table.size).to.equal(1);
    expect([state.lastPrepared, state.lastEpoch]).to.deep.equal([2, 1]);
  });

  it('counts what is in doubt as if it were committed and replaced nothing', () => {
    const state = new ParticipantState(10_000);
    prepareIn(state, 1);
    state.commit(1, 1);
    const { bytes } = state.table;
    prepareIn(state, 2);
    prepareIn(state, 3, 'other');
    const keys = state.table.size + 2;
    expect(state.sizeAtMost()).to.deep.equal({
      bytes: bytes + pairBytes(1, 1) + pairBytes(5, 1),
      keys,
    });
    expect(state.table.size).to.be.lessThan(keys);
  });

  it('keeps the chain over an abort, and remembers the most recent aborts only', () => {
    const state = new ParticipantState(10_000_000);
    for (let txid = 1; txid <= REMEMBERED_ABORTS + 1; txid += 1) state.abort(3, txid);
    expect(state.resolved).to.deep.equal({ txid: REMEMBERED_ABORTS + 1, chain: START_CHAIN });
    expect(state.aborted).to.have.length(REMEMBERED_ABORTS);
    expect(state.aborted[0]?.txid).to.equal(2);
    expect(state.history.at(5)?.commit).to.equal(false);
  });

  it('asserts what its callers must never do', () => {
    const wrong: [string, (state: ParticipantState) => void][] = [
      ['a gap between prepares', (state) => prepareIn(state, 3)],
      ['a commit without a prepare', (state) => state.commit(1, 1)],
      ['an abort out of turn', (state) => state.abort(1, 2)],
    ];
    for (const [what, act] of wrong) {
      const state = new ParticipantState(1000);
      expect(() => {
        act(state);
      }, what).to.throw(AssertionError);
    }
    const state = new ParticipantState(1000);
    prepareIn(state, 1);
    expect(() => state.commit(2, 1), 'of another epoch').to.throw(AssertionError);
  });

  it('counts as empty only while a cluster could miss nothing of it', () => {
    const state = new ParticipantState(1000);
    expect(state.empty).to.equal(true);
    state.view = view(1, 's');
    expect(state.empty).to.equal(false);
    state.view = null;
    prepareIn(state, 1);
    expect(state.empty).to.equal(false);
    state.voidInDoubt();
    expect(state.empty).to.equal(true);
    state.abort(1, 1);
    expect(state.empty).to.equal(false);
    state.installing = true;
    expect(state.empty).to.equal(true);
  });

  it('becomes exactly the snapshot it is given', () => {
    const state = new ParticipantState(1000);
    prepareIn(state, 1);
    state.stages.begin('s', 10);
    Object.assign(state, { fit: false, installing: true, tailFrom: 9 });
    const table = new Table();
    const aborted = [{ epoch: 2, txid: 40 }];
    const lineage = [{ epoch: 1, txid: 1 }];
    const sizes = { digest: '', keys: 0, bytes: 0 };
    state.restore({ txid: 41, epoch: 2, chain: 'x', aborted, lineage, ...sizes }, table);
    expect(state.table).to.equal(table);
    expect(state.resolved).to.deep.equal({ txid: 41, chain: 'x' });
    expect([state.fit, state.installing, state.tailFrom]).to.deep.equal([true, false, 0]);
    expect([state.inDoubt.length, state.stages.count, state.lastEpoch]).to.deep.equal([0, 0, 2]);
    expect([state.aborted, state.lineage]).to.deep.equal([aborted, lineage]);
    expect(state.history.knows(state.resolved)).to.equal(true);
  });
});
