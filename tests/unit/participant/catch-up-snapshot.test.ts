import { expect } from 'chai';
import { FRAME_WINDOW, PIECE_BYTES } from '../../../src/base/limits.js';
import type { Reply } from '../../../src/rpc/messages.js';
import { Donor, answer, catchUp, joining, result, started } from './catch-up-play.js';
import { snapshotFrames } from '../../../src/storage/snapshot.js';
import type { SnapshotHeader } from '../../../src/storage/snapshot-header.js';
import { Table } from '../../../src/storage/table.js';
import { ParticipantDriver, epoch, fence, kinds, set, view } from './participant-driver.js';

describe('participant/catch-up: by snapshot', () => {
  function fill(donor: Donor, count: number): void {
    for (let txid = 1; txid <= count; txid += 1) {
      const commands = [set(`k${txid}`, Buffer.alloc(PIECE_BYTES, `${txid}`))];
      donor.driver.commit(donor.link, txid, commands);
    }
  }

  for (const why of ['another past', 'fresh', 'unfit', 'overridden'] as const) {
    it(`replaces everything: ${why}`, () => {
      const donor = new Donor(why === 'another past' ? 1 : 10_000_000);
      fill(donor, 6);
      const joiner = new ParticipantDriver();
      if (why === 'another past') {
        joiner.commit(joiner.serving(), 1, [set('own', 'past')]);
      }
      if (why === 'unfit') joiner.state.fit = false;
      joiner.state.overridden = why === 'overridden';
      const link = joining(joiner, why === 'fresh');
      donor.serve(joiner);
      joiner.sync();
      const { ok, how, position } = result(joiner, link);
      expect([ok, how, position]).to.deep.equal([true, 'snapshot', donor.driver.state.resolved]);
      expect(joiner.state.table.digest()).to.equal(donor.driver.state.table.digest());
      const durably = why === 'overridden' ? joiner.adopted?.overridden : false;
      expect(durably, 'durable too').to.equal(false);
      const { fit, overridden, installing: isInstalling } = joiner.state;
      expect([fit, overridden, isInstalling]).to.deep.equal([true, false, false]);
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

  /** The first frame of a snapshot that does not say what it should. */
  function withoutChain(): Buffer {
    const table = new Table();
    const facts = { txid: 1, epoch: 1, digest: table.digest(), keys: 0, bytes: 0, aborted: [] };
    const frames = snapshotFrames(table.beginSnapshot(), facts as unknown as SnapshotHeader);
    return frames.next().value ?? Buffer.alloc(0);
  }

  it('discards half a snapshot when anything is wrong with it', () => {
    const wrongs: [what: string, change: (first: Reply) => Reply, reason: RegExp][] = [
      ['order', (reply) => ({ ...reply, sequence: 1 }) as Reply, /out of order/],
      ['source', (reply) => ({ ...reply, id: 'other' }) as Reply, /out of order/],
      ['bytes', (reply) => ({ ...reply, frames: [Buffer.from('junk')] }) as Reply, /is damaged/],
      ['header', (reply) => ({ ...reply, frames: [withoutChain()] }) as Reply, /is damaged/],
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

  it('H17: discards also the second install of a store that the first left empty', () => {
    const { joiner, link, frames } = installing();
    joiner.state.installing = true;
    const [first] = frames;
    if (first !== undefined) answer(joiner, first);
    joiner.step({ type: 'donorClosed', reason: 'it died' });
    expect(joiner.installs.at(-1)).to.deep.equal({ step: 'discard', install: 1 });
    expect(result(joiner, link).ok).to.equal(false);
  });

  it('H8: the tail of the old log is no matter of the new one', () => {
    const { joiner, frames } = installing();
    joiner.state.tailFrom = 3;
    for (const reply of frames) {
      answer(joiner, reply);
      joiner.step({ type: 'framesStored', install: 1 });
    }
    const finish = joiner.installs.at(-1);
    if (finish?.step !== 'finish') throw new Error('not finished');
    expect(finish.preamble.map(({ kind }) => kind)).to.deep.equal(['reset', 'epoch']);
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
