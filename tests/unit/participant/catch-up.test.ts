import { expect } from 'chai';
import { DELTA_BYTES } from '../../../src/base/limits.js';
import { crc32 } from '../../../src/base/hash.js';
import type { Reply } from '../../../src/rpc/messages.js';
import {
  DONOR,
  Donor,
  answer,
  catchUp,
  delta,
  entry,
  greet,
  joining,
  result,
  started,
} from './catch-up-play.js';
import {
  ParticipantDriver,
  epoch,
  kinds,
  outcome,
  prepare,
  set,
  sv,
} from './participant-driver.js';

describe('participant/catch-up: by delta', () => {
  it('dials the named donor, proves itself, and takes what it lacks', () => {
    const donor = new Donor();
    donor.driver.commit(donor.link, 1, sv);
    donor.driver.askSynced(donor.link, outcome(2, false));
    donor.driver.commit(donor.link, 3, [set('big', Buffer.alloc(2 * DELTA_BYTES))]);
    donor.driver.commit(donor.link, 4, sv);
    const joiner = new ParticipantDriver();
    const link = joining(joiner);
    expect(joiner.donorDial).to.deep.equal({ address: 'd:1', storeId: DONOR });
    donor.serve(joiner);
    expect(joiner.take(link), 'nothing before it is synced').to.deep.equal([]);
    joiner.sync();
    const { ok, how, position, digest } = result(joiner, link);
    expect([ok, how]).to.deep.equal([true, 'delta']);
    expect(position).to.deep.equal(donor.driver.state.resolved);
    expect(digest).to.equal(donor.driver.state.table.digest());
    expect(joiner.machine.core.syncedTxid).to.equal(4);
    expect(joiner.log.map(({ kind }) => kind)).to.deep.equal([
      'epoch',
      ...['prepared', 'commit', 'abort', 'prepared', 'commit', 'prepared', 'commit'],
    ]);
    expect([joiner.donorCloses, joiner.machine.nextTimeoutAt()]).to.deep.equal([1, 1500]);
  });

  it('counts as synced what was there when it asked, and not what came meanwhile', () => {
    const donor = new Donor();
    donor.driver.commit(donor.link, 1, sv);
    const joiner = new ParticipantDriver();
    const link = joining(joiner);
    donor.serve(joiner);
    const lsn = joiner.machine.core.gate.appended;
    donor.driver.commit(donor.link, 2, sv);
    joiner.ask(link, catchUp(2));
    donor.serve(joiner);
    joiner.step({ type: 'synced', lsn });
    expect([joiner.state.resolved.txid, joiner.machine.core.syncedTxid]).to.deep.equal([2, 1]);
    joiner.sync();
    expect(joiner.machine.core.syncedTxid).to.equal(2);
  });

  it('says so when it lacked nothing', () => {
    const joiner = new ParticipantDriver();
    const link = joining(joiner);
    new Donor().serve(joiner);
    joiner.sync();
    expect(result(joiner, link)).to.deep.include({ ok: true, how: 'none' });
  });

  it('drops what was staged for it as a member', () => {
    const joiner = new ParticipantDriver();
    const link = joiner.serving();
    const bytes = Buffer.alloc(10);
    joiner.askSynced(link, { type: 'piece', stage: 's', offset: 0, total: 20, bytes });
    joiner.ask(link, catchUp(1));
    expect(joiner.state.stages.count).to.equal(0);
    expect(joiner.log.at(-1)).to.deep.include({ kind: 'piece', stage: 's', total: 0 });
  });

  it('logs nothing of a transaction that cannot be read', () => {
    const joiner = new ParticipantDriver();
    const link = started(joiner);
    const { length } = joiner.log;
    const bytes = Buffer.from('junk');
    const broken = entry(1, { bytes, length: bytes.length, crc: crc32(bytes) });
    answer(joiner, delta([broken], 1));
    joiner.sync();
    expect(result(joiner, link).reason).to.equal('transaction 1 cannot be read');
    expect(joiner.log.length).to.equal(length);
    expect(joiner.state.lastPrepared).to.equal(0);
  });

  it('voids what it held in doubt before it takes anything', () => {
    const joiner = new ParticipantDriver();
    const link = joiner.serving();
    joiner.askSynced(link, prepare(1, sv));
    joiner.ask(link, prepare(2, sv, { crc: 1 }));
    joiner.ask(link, catchUp(1));
    expect(joiner.log.at(-1)).to.deep.equal({ kind: 'void', txid: 1 });
    expect(joiner.state.inDoubt).to.have.length(0);
    expect(joiner.machine.core.refusedTxid).to.equal(0);
  });

  it('prepares nothing meanwhile: payloads come from its donor alone', () => {
    const joiner = new ParticipantDriver();
    const link = joiner.serving();
    joiner.ask(link, catchUp(1));
    expect(kinds(joiner.ask(link, prepare(1, sv)))).to.deep.equal(['refused protocol']);
    expect(joiner.closed).to.deep.equal([link]);
    greet(joiner);
    answer(joiner, { type: 'proved' });
    answer(joiner, delta([entry(1)], 1));
    expect(joiner.state.resolved.txid).to.equal(1);
  });

  it('gives up after a silence, counted from the last word', () => {
    const joiner = new ParticipantDriver({ settings: { scrubIntervalMs: 1e9 } });
    const link = started(joiner);
    joiner.tick(600);
    answer(joiner, delta([entry(1)], 5));
    joiner.tick(999);
    expect(joiner.take(link)).to.deep.equal([]);
    expect(joiner.machine.nextTimeoutAt()).to.equal(joiner.now + 1);
    joiner.tick(1);
    expect(result(joiner, link)).to.deep.include({ ok: false, reason: 'the donor fell silent' });
    expect(joiner.donorCloses).to.equal(1);
  });

  const failures: [what: string, reply: Reply, reason: RegExp][] = [
    ['a gap', delta([entry(2)], 2), /sent transaction 2 after 0/],
    ['damage', delta([entry(1, { crc: 1 })], 1), /arrived damaged/],
    ['a length that lies', delta([entry(1, { length: 2 })], 1), /arrived damaged/],
    ['a length that no log can hold', delta([entry(1, { length: 2 ** 31 })], 1), /of 2147483648/],
    ['a part that holds nothing', delta([entry(1, { bytes: Buffer.alloc(0) })], 1), /sent 0 of/],
    ['a donor of another epoch', deltaOf('epoch'), /another epoch/],
    ['a donor that refuses', refusedBy('busy'), /busy/],
    [
      'a donor that has no snapshot to give',
      { type: 'snapshot', id: '', reason: 'full up', bytes: 0 },
      /full up/,
    ],
    [
      'an unexpected answer',
      { type: 'viewed', number: 1, epoch: { number: 1, nonce: '' } },
      /answered viewed/,
    ],
  ];
  for (const [what, reply, reason] of failures) {
    it(`fails on ${what}, and tells the coordinator`, () => {
      const joiner = new ParticipantDriver();
      const link = started(joiner);
      answer(joiner, reply);
      const { ok, reason: said, attempt } = result(joiner, link);
      expect([ok, attempt]).to.deep.equal([false, 1]);
      expect(said).to.match(reason);
      answer(joiner, delta([entry(1)], 1));
      joiner.step({ type: 'donorOpened' });
      joiner.step({ type: 'donorClosed', reason: 'over' });
      expect(joiner.state.resolved.txid, 'late words are void').to.equal(0);
      expect(joiner.take(link)).to.deep.equal([]);
    });
  }

  it('fails when the connection is lost, or the donor is not who it should be', () => {
    const lost = new ParticipantDriver();
    const link = joining(lost);
    lost.step({ type: 'donorClosed', reason: 'no route' });
    expect(result(lost, link).reason).to.match(/no route/);
    for (const changes of [{ mac: 'x' }, { storeId: 'another' }]) {
      const joiner = new ParticipantDriver();
      const at = joining(joiner);
      greet(joiner, changes);
      expect(result(joiner, at).reason).to.match(/not who it should be/);
    }
  });

  it('ends silently with its link, with a newer attempt, and with a newer coordinator', () => {
    const gone = new ParticipantDriver();
    const link = started(gone);
    gone.step({ type: 'linkClosed', link: link + 5 });
    gone.step({ type: 'linkClosed', link });
    answer(gone, delta([entry(1)], 1));
    expect([gone.state.resolved.txid, gone.donorCloses]).to.deep.equal([0, 1]);

    const again = new ParticipantDriver();
    const second = started(again);
    again.ask(second, catchUp(2));
    expect(again.donorCloses).to.equal(1);
    greet(again);
    answer(again, { type: 'proved' });
    answer(again, deltaOf('upToDate'));
    again.sync();
    expect(result(again, second).attempt).to.equal(2);

    const fenced = new ParticipantDriver();
    const third = started(fenced);
    fenced.state.epoch = epoch(9);
    answer(fenced, delta([entry(1)], 1));
    expect(fenced.state.resolved.txid).to.equal(0);
    expect(fenced.take(third)).to.deep.equal([]);
  });

  it('counts as empty when the disk lost a part of a delta', () => {
    const joiner = new ParticipantDriver();
    const link = started(joiner);
    answer(joiner, delta([entry(1)], 5));
    joiner.fillDisk();
    expect(result(joiner, link)).to.deep.include({ ok: false, reason: 'the disk is full' });
    expect(joiner.state.empty).to.equal(true);
    joiner.sync();
    joiner.ask(link, catchUp(2));
    greet(joiner);
    answer(joiner, { type: 'proved' });
    expect(joiner.toDonor.at(-1)?.type, 'nothing less than a snapshot').to.equal('fetchSnapshot');
  });

  it('takes success back when the disk is full before it is synced', () => {
    const joiner = new ParticipantDriver();
    const link = started(joiner);
    answer(joiner, delta([entry(1)], 1));
    joiner.fillDisk();
    joiner.sync();
    expect(result(joiner, link)).to.deep.include({ ok: false, reason: 'the disk is full' });
  });

  it('loses nothing to a full disk once its delta is synced', () => {
    const joiner = new ParticipantDriver();
    const link = started(joiner);
    answer(joiner, delta([entry(1)], 5));
    const half = joiner.machine.core.gate.appended - 1;
    joiner.step({ type: 'synced', lsn: half });
    joiner.sync();
    joiner.fillDisk();
    expect(joiner.state.installing).to.equal(false);
    expect(joiner.take(link)).to.deep.equal([]);
  });
});

function deltaOf(verdict: 'epoch' | 'upToDate'): Reply {
  return { type: 'delta', verdict, entries: [], position: { txid: 0, chain: '' }, digest: '' };
}

function refusedBy(text: string): Reply {
  return { type: 'refused', code: 'protocol', text, epoch: epoch(0) };
}
