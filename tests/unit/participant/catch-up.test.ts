import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import { DELTA_BYTES, FRAME_WINDOW, PIECE_BYTES } from '../../../src/base/limits.js';
import { ParticipantState } from '../../../src/participant/state.js';
import type { CaughtUp, DeltaEntry, Reply } from '../../../src/rpc/messages.js';
import { proof, proofText } from '../../../src/rpc/proof.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import {
  CLUSTER,
  ParticipantDriver,
  SECRET,
  epoch,
  fence,
  kinds,
  outcome,
  prepare,
  set,
  view,
} from './participant-driver.js';

const DONOR = 'donor';
const sv = [set('k', 'v')];

/** A joiner that was told to catch up, and the coordinator's link. */
function joining(joiner = new ParticipantDriver(), fresh = false): number {
  const link = joiner.fenced();
  joiner.ask(link, catchUp(1, fresh));
  return link;
}

function catchUp(attempt: number, fresh = false) {
  const type = 'catchUp';
  return { type, attempt, donorAddress: 'd:1', donorStoreId: DONOR, fresh } as const;
}

/** The donor's side of the handshake, played by hand. */
function greet(joiner: ParticipantDriver, changes: object = {}): void {
  joiner.step({ type: 'donorOpened' });
  const hello = joiner.toDonor.at(-1);
  if (hello?.type !== 'hello') throw new Error('no hello');
  const mac = proof(SECRET, proofText('answering', hello.nonce, 'w'));
  const welcome = { version: 1, clusterId: CLUSTER, storeId: DONOR, nonce: 'w', mac };
  joiner.step({ type: 'donorReply', message: { type: 'welcome', ...welcome, ...changes } });
}

function answer(joiner: ParticipantDriver, message: Reply): void {
  joiner.step({ type: 'donorReply', message });
}

function started(joiner: ParticipantDriver, fresh = false): number {
  const link = joining(joiner, fresh);
  greet(joiner);
  answer(joiner, { type: 'proved' });
  return link;
}

function entry(txid: number, changes: Partial<DeltaEntry> = {}): DeltaEntry {
  const bytes = encodeCommands([set(`k${txid}`, 'v')]);
  const crc = crc32(bytes);
  return { epoch: 1, txid, commit: true, length: bytes.length, crc, bytes, ...changes };
}

function delta(entries: readonly DeltaEntry[], txid: number): Reply {
  const position = { txid, chain: '' };
  return { type: 'delta', verdict: 'entries', entries, position, digest: '' };
}

function result(joiner: ParticipantDriver, link: number): CaughtUp {
  const replies = joiner.take(link);
  const [reply] = replies;
  if (reply?.type !== 'caughtUp' || replies.length !== 1) throw new Error(JSON.stringify(replies));
  return reply;
}

/** A donor that holds these transactions, and carries what both say until nobody says more. */
class Donor {
  readonly driver: ParticipantDriver;
  readonly link: number;

  constructor(historyBytes = 10_000_000) {
    this.driver = new ParticipantDriver({ state: new ParticipantState(historyBytes) });
    this.link = this.driver.serving('donor');
  }

  serve(joiner: ParticipantDriver): void {
    const at = this.driver.connect();
    joiner.step({ type: 'donorOpened' });
    while (joiner.toDonor.length > 0 || joiner.installs.length > 0) {
      for (const message of joiner.toDonor.splice(0)) {
        for (const reply of this.driver.ask(at, message)) {
          const isWelcome = reply.type === 'welcome';
          answer(joiner, isWelcome ? { ...reply, storeId: DONOR } : reply);
        }
      }
      for (const step of joiner.installs.splice(0)) {
        if (step.step === 'frames') joiner.step({ type: 'framesStored', install: step.install });
        if (step.step === 'finish') joiner.step({ type: 'installed', install: step.install });
      }
    }
  }
}

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

  it('says so when it lacked nothing', () => {
    const joiner = new ParticipantDriver();
    const link = joining(joiner);
    new Donor().serve(joiner);
    joiner.sync();
    expect(result(joiner, link)).to.deep.include({ ok: true, how: 'none' });
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
    ['a donor of another epoch', deltaOf('epoch'), /another epoch/],
    ['a donor that refuses', refusedBy('busy'), /busy/],
    ['a donor that has no snapshot to give', snapshotReply('', 'full up'), /full up/],
    ['an unexpected answer', viewed(), /answered viewed/],
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
    joiner.step({ type: 'diskFull' });
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
    joiner.step({ type: 'diskFull' });
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
    joiner.step({ type: 'diskFull' });
    expect(joiner.state.installing).to.equal(false);
    expect(joiner.take(link)).to.deep.equal([]);
  });
});

describe('participant/catch-up: by snapshot', () => {
  function fill(donor: Donor, count: number): void {
    for (let txid = 1; txid <= count; txid += 1) {
      const commands = [set(`k${txid}`, Buffer.alloc(PIECE_BYTES, `${txid}`))];
      donor.driver.commit(donor.link, txid, commands);
    }
  }

  for (const why of ['another past', 'fresh', 'unfit'] as const) {
    it(`replaces everything: ${why}`, () => {
      const donor = new Donor(why === 'another past' ? 1 : 10_000_000);
      fill(donor, 6);
      const joiner = new ParticipantDriver();
      if (why === 'another past') {
        joiner.commit(joiner.serving(), 1, [set('own', 'past')]);
      }
      if (why === 'unfit') joiner.state.fit = false;
      const link = joining(joiner, why === 'fresh');
      donor.serve(joiner);
      joiner.sync();
      const { ok, how, position } = result(joiner, link);
      expect([ok, how, position]).to.deep.equal([true, 'snapshot', donor.driver.state.resolved]);
      expect(joiner.state.table.digest()).to.equal(donor.driver.state.table.digest());
      expect([joiner.state.fit, joiner.state.installing]).to.deep.equal([true, false]);
      expect(joiner.machine.core.counters.installs).to.equal(1);
    });
  }

  /** Up to the first frames, which are handed over by the test. */
  function installing(): { joiner: ParticipantDriver; link: number; frames: Reply[] } {
    const donor = new Donor();
    fill(donor, 12);
    const at = donor.driver.open('catchup');
    const joiner = new ParticipantDriver();
    const link = started(joiner, true);
    const [snapshot] = donor.driver.ask(at, { type: 'fetchSnapshot', epoch: epoch(1) });
    if (snapshot?.type !== 'snapshot') throw new Error('no snapshot');
    answer(joiner, snapshot);
    const frames: Reply[] = [];
    const isLast = (): boolean => {
      const reply = frames.at(-1);
      return reply?.type === 'frames' && reply.last;
    };
    for (let sequence = 0; !isLast(); sequence += 1) {
      const request = { type: 'fetchFrames', id: snapshot.id, sequence } as const;
      frames.push(...donor.driver.ask(at, request));
    }
    return { joiner, link, frames };
  }

  it('asks ahead only as far as frames are stored', () => {
    const { joiner, frames } = installing();
    const asked = (): number => joiner.toDonor.filter(({ type }) => type === 'fetchFrames').length;
    expect(asked()).to.equal(FRAME_WINDOW);
    frames.slice(0, 2).forEach((reply) => {
      answer(joiner, reply);
    });
    expect(asked(), 'received is not stored').to.equal(FRAME_WINDOW);
    joiner.step({ type: 'framesStored', install: 1 });
    joiner.step({ type: 'framesStored', install: 7 });
    expect(asked()).to.equal(FRAME_WINDOW + 1);
  });

  it('begins a segment that voids what is older, and is empty until it is installed', () => {
    const { joiner, link, frames } = installing();
    joiner.askSynced(link, { type: 'view', view: view(1, 'store-1') });
    for (const reply of frames) {
      answer(joiner, reply);
      joiner.step({ type: 'framesStored', install: 1 });
    }
    const finish = joiner.installs.at(-1);
    if (finish?.step !== 'finish') throw new Error('not finished');
    expect(finish.preamble.map(({ kind }) => kind)).to.deep.equal(['reset', 'epoch', 'view']);
    expect(finish.preamble[0]).to.deep.include({ txid: 12 });
    expect(joiner.state.empty).to.equal(true);
    answer(joiner, { type: 'frames', id: 'x', sequence: 99, last: true, frames: [] });
    joiner.step({ type: 'installed', install: 7 });
    expect(joiner.state.empty, 'of another install').to.equal(true);
    joiner.step({ type: 'installed', install: 1 });
    expect(joiner.state.resolved.txid).to.equal(12);
    expect(joiner.toDonor.at(-1)?.type).to.equal('fetch');
    answer(joiner, { type: 'frames', id: 'x', sequence: 99, last: true, frames: [] });
    joiner.step({ type: 'framesStored', install: 1 });
    joiner.step({ type: 'installFailed', install: 1, reason: 'late' });
    expect(joiner.take(link), 'it goes on').to.deep.equal([]);
  });

  it('discards half a snapshot when anything is wrong with it', () => {
    const wrongs: [what: string, change: (first: Reply) => Reply, reason: RegExp][] = [
      ['order', (reply) => ({ ...reply, sequence: 1 }) as Reply, /out of order/],
      ['source', (reply) => ({ ...reply, id: 'other' }) as Reply, /out of order/],
      ['bytes', (reply) => ({ ...reply, frames: [Buffer.from('junk')] }) as Reply, /is damaged/],
      ['end', (reply) => ({ ...reply, last: true }) as Reply, /is damaged/],
    ];
    for (const [what, change, reason] of wrongs) {
      const { joiner, link, frames } = installing();
      const [first] = frames;
      if (first === undefined) throw new Error('no frames');
      answer(joiner, change(first));
      expect(result(joiner, link).reason, what).to.match(reason);
      expect(joiner.installs.at(-1)).to.deep.equal({ step: 'discard', install: 1 });
      expect(joiner.state.empty && joiner.state.fit, 'nothing was lost').to.equal(true);
    }
  });

  it('discards it when the disk fails to take it, and when its coordinator goes away', () => {
    const failed = installing();
    failed.joiner.step({ type: 'installFailed', install: 1, reason: 'no space' });
    expect(result(failed.joiner, failed.link).reason).to.equal('no space');
    const gone = installing();
    gone.joiner.step({ type: 'linkClosed', link: gone.link });
    expect(gone.joiner.installs.at(-1)).to.deep.equal({ step: 'discard', install: 1 });
  });

  it('leaves an install that was begun for good to its end', () => {
    const { joiner, link, frames } = installing();
    for (const reply of frames) {
      answer(joiner, reply);
      joiner.step({ type: 'framesStored', install: 1 });
    }
    joiner.step({ type: 'donorClosed', reason: 'it died' });
    expect(joiner.installs.at(-1)?.step).to.equal('finish');
    expect(result(joiner, link).ok).to.equal(false);
    joiner.step({ type: 'installed', install: 1 });
    expect(joiner.state.empty, 'the next attempt fills it').to.equal(true);
  });

  it('may not be asked for over a link that has fenced nothing', () => {
    const joiner = new ParticipantDriver();
    joiner.fenced(2);
    const never = joiner.open('heartbeat');
    expect(kinds(joiner.ask(never, catchUp(1)))).to.deep.equal(['refused epoch']);
    joiner.askSynced(never, fence(epoch(2)));
    expect(joiner.donorDial).to.equal(null);
  });
});

function deltaOf(verdict: 'epoch' | 'upToDate'): Reply {
  return { type: 'delta', verdict, entries: [], position: { txid: 0, chain: '' }, digest: '' };
}

function refusedBy(text: string): Reply {
  return { type: 'refused', code: 'protocol', text, epoch: epoch(0) };
}

function snapshotReply(id: string, reason: string): Reply {
  return { type: 'snapshot', id, reason, bytes: 0 };
}

function viewed(): Reply {
  return { type: 'viewed', number: 1 };
}
