import { expect } from 'chai';
import { PIECE_BYTES } from '../../../src/base/limits.js';
import { ParticipantRecovery } from '../../../src/participant/recovery.js';
import { SnapshotLoader } from '../../../src/storage/snapshot.js';
import { KEPT_BYTES } from '../../../src/storage/shard.js';
import { TableDamagedError } from '../../../src/storage/snapshot-sum.js';
import { flipStoredByte } from '../../helpers/rot.js';
import {
  ParticipantDriver,
  epoch,
  fence,
  kinds,
  outcome,
  prepare,
  set,
} from './participant-driver.js';

function checkpointOf(driver: ParticipantDriver): NonNullable<ParticipantDriver['checkpoint']> {
  driver.machine.beginCheckpoint(driver.now);
  driver.drain();
  const { checkpoint } = driver;
  if (checkpoint === null) throw new Error('no checkpoint');
  return checkpoint;
}

describe('participant/checkpoint', () => {
  it('is, with its preamble, exactly the state, whatever is written meanwhile', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving('other');
    driver.commit(link, 1, [set('a', '1')]);
    driver.askSynced(link, outcome(2, false));
    driver.askSynced(link, prepare(3, [set('b', '3')]));
    const bytes = Buffer.alloc(PIECE_BYTES + 10, 'x');
    const total = PIECE_BYTES + 500;
    driver.askSynced(link, { type: 'piece', stage: 's', offset: 0, total, bytes });
    driver.state.tailFrom = 3;
    const digest = driver.state.table.digest();
    const { header, preamble, frames } = checkpointOf(driver);
    driver.askSynced(link, outcome(3));
    driver.commit(link, 4, [set('a', '4')]);

    const loader = new SnapshotLoader();
    for (let next = frames.next(); next.done !== true; next = frames.next())
      loader.feed(next.value);
    expect(loader.finish().header).to.deep.equal(header);
    const recovery = new ParticipantRecovery(100_000);
    recovery.snapshot(header, loader.table);
    for (const record of preamble) recovery.feed(record);
    const state = recovery.finish(false);
    expect([state.table.digest(), state.resolved.txid]).to.deep.equal([digest, 2]);
    expect(state.inDoubt.map(({ record }) => record.txid)).to.deep.equal([3]);
    expect(state.aborted).to.deep.equal([{ epoch: 1, txid: 2 }]);
    expect([state.epoch, state.view?.number, state.tailFrom]).to.deep.equal([epoch(1), 1, 3]);
    expect(state.stages.get('s')?.have).to.equal(bytes.length);
    const pieces = preamble.filter(({ kind }) => kind === 'piece');
    expect(pieces, 'cut as small as they came').to.have.length(2);
  });

  it('is one at a time, and frees the table when it is done', () => {
    const driver = new ParticipantDriver();
    driver.serving();
    const first = checkpointOf(driver);
    expect(checkpointOf(driver)).to.equal(first);
    expect(driver.machine.isCheckpointing).to.equal(true);
    driver.step({ type: 'checkpointDone' });
    expect(driver.machine.isCheckpointing).to.equal(false);
    expect(driver.machine.core.counters.checkpoints).to.equal(1);
    expect(checkpointOf(driver)).to.not.equal(first);
  });

  it('H13: stops short of its end when a value changed by itself', () => {
    const traced: string[] = [];
    const driver = new ParticipantDriver({ trace: (message) => traced.push(message) });
    const link = driver.serving();
    driver.commit(link, 1, [set('a', 'x'.repeat(KEPT_BYTES)), set('b', '1')]);
    expect(flipStoredByte(driver.state.table, 'a')).to.equal(true);
    const { frames } = checkpointOf(driver);
    expect(() => [...{ [Symbol.iterator]: () => frames }]).to.throw(TableDamagedError);
    driver.step({ type: 'checkpointDone' });
    expect(driver.state.fit).to.equal(false);
    expect(driver.machine.core.counters.checkpoints).to.equal(0);
    expect(traced.join('\n')).to.match(/must be refilled/);
  });

  it('does not begin in a store that is known to be damaged', () => {
    const driver = new ParticipantDriver();
    driver.serving();
    driver.state.fit = false;
    expect(() => checkpointOf(driver)).to.throw('no checkpoint');
  });

  it('does not begin in a new store: its segment would begin with no flush', () => {
    expect(() => checkpointOf(new ParticipantDriver())).to.throw('no checkpoint');
  });

  it('does not begin while the store is being filled', () => {
    const driver = new ParticipantDriver();
    const link = driver.fenced();
    driver.state.installing = true;
    driver.machine.beginCheckpoint(driver.now);
    driver.drain();
    expect(driver.checkpoint).to.equal(null);
    driver.state.installing = false;
    const donor = { donorAddress: 'd:1', donorStoreId: 'd', fresh: false };
    driver.ask(link, { type: 'catchUp', attempt: 1, ...donor });
    driver.machine.beginCheckpoint(driver.now);
    driver.drain();
    expect(driver.checkpoint).to.equal(null);
    driver.step({ type: 'checkpointDone' });
    expect(driver.machine.core.counters.checkpoints).to.equal(1);
  });
});

describe('participant/machine', () => {
  it('gives nothing out while there is nothing to do', () => {
    const driver = new ParticipantDriver();
    expect(driver.machine.takeReady()).to.equal(null);
    driver.machine.step({ type: 'tick' }, driver.now);
    expect(driver.machine.takeReady()).to.equal(null);
  });

  it('tells the status as it is on disk', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.ask(link, prepare(1, [set('a', '1')]));
    const other = driver.open('heartbeat');
    expect(driver.ask(other, { type: 'inquire' })).to.deep.equal([]);
    driver.sync();
    const [reply] = driver.take(other);
    if (reply?.type !== 'status') throw new Error('no status');
    expect(reply.status.inDoubt.map(({ txid }) => txid)).to.deep.equal([1]);
    expect(reply.status).to.deep.include({ empty: false, fit: true, synced: 0, tailFrom: 0 });
  });

  it('ignores links it does not know, and answers a proven stranger only with a status', () => {
    const driver = new ParticipantDriver();
    expect(driver.ask(77, { type: 'inquire' })).to.deep.equal([]);
    driver.step({ type: 'linkClosed', link: 77 });
    const link = driver.fenced(1);
    driver.step({ type: 'linkClosed', link });
    expect(driver.ask(link, { type: 'inquire' })).to.deep.equal([]);
    const other = driver.open();
    driver.ask(other, fence(epoch(1)));
    driver.step({ type: 'linkClosed', link: other });
    driver.sync();
    expect(driver.take(other), 'gone before its fence was synced').to.deep.equal([]);
  });

  it('refuses over a fenced link what is no request at all', () => {
    const driver = new ParticipantDriver();
    const link = driver.fenced();
    const nonsense = { type: 'nonsense' } as never;
    expect(kinds(driver.ask(link, nonsense))).to.deep.equal(['refused protocol']);
  });
});
