import { expect } from 'chai';
import {
  DELTA_BYTES,
  DELTA_COMMANDS,
  FIRST_DELTA_COMMANDS,
  PIECE_BYTES,
} from '../../../src/base/limits.js';
import { type Position, START_POSITION } from '../../../src/base/ids.js';
import type { Delta, Fetch, Reply } from '../../../src/rpc/messages.js';
import { SnapshotLoader } from '../../../src/storage/snapshot.js';
import { ParticipantState } from '../../../src/participant/state.js';
import { ParticipantDriver, epoch, kinds, outcome, set } from './participant-driver.js';

const fetch = (position: Position = START_POSITION, offset = 0, of = epoch(1)): Fetch => ({
  type: 'fetch',
  epoch: of,
  position,
  offset,
});
const fetchSnapshot = (of = epoch(1)) => ({ type: 'fetchSnapshot', epoch: of }) as const;
const fetchFrames = (id: string, sequence: number) =>
  ({ type: 'fetchFrames', id, sequence }) as const;

function delta(replies: readonly Reply[]): Delta {
  const [reply] = replies;
  if (reply?.type !== 'delta') throw new Error(JSON.stringify(replies));
  return reply;
}

/** Id and reason of the answer to `fetchSnapshot`. */
function opened(replies: readonly Reply[]): [id: string, reason: string] {
  const [reply] = replies;
  if (reply?.type !== 'snapshot') throw new Error(JSON.stringify(replies));
  return [reply.id, reply.reason];
}

function filled(historyBytes = 10_000_000): ParticipantDriver {
  const driver = new ParticipantDriver({ state: new ParticipantState(historyBytes) });
  const link = driver.serving();
  driver.commit(link, 1, [set('a', '1')]);
  driver.askSynced(link, outcome(2, false));
  driver.commit(link, 3, [set('b', '3')]);
  return driver;
}

describe('participant/donor: deltas', () => {
  it('gives what follows the asker’s position, commits and aborts', () => {
    const driver = filled();
    const joiner = driver.open('catchup');
    const { verdict, entries, position, digest } = delta(driver.ask(joiner, fetch()));
    expect(verdict).to.equal('entries');
    expect(entries.map(({ txid, commit, epoch: of }) => [txid, commit, of])).to.deep.equal([
      [1, true, 1],
      [2, false, 1],
      [3, true, 1],
    ]);
    expect([entries[1]?.length, entries[1]?.bytes.length]).to.deep.equal([0, 0]);
    expect(entries[2]?.bytes.length).to.equal(entries[2]?.length);
    expect([position, digest]).to.deep.equal([driver.state.resolved, driver.state.table.digest()]);
    expect(delta(driver.ask(joiner, fetch(position)))).to.deep.include({
      verdict: 'upToDate',
      entries: [],
    });
  });

  it('tells no abort that is not on its own disk, in a delta or a snapshot', () => {
    const driver = filled();
    const [link, joiner, other] = [driver.fenced(), driver.open('catchup'), driver.open('catchup')];
    driver.ask(link, outcome(4, false));
    expect(driver.ask(joiner, fetch())).to.deep.equal([]);
    expect(driver.ask(other, fetchSnapshot())).to.deep.equal([]);
    driver.sync();
    expect(delta(driver.take(joiner)).entries.at(-1)).to.include({ txid: 4, commit: false });
    expect(opened(driver.take(other))[1]).to.equal('');
  });

  it('gives at once what has been on its disk for long, whatever is not yet', () => {
    const driver = filled();
    const link = driver.fenced();
    const many = Array.from({ length: FIRST_DELTA_COMMANDS }, (_, at) => set(`k${at}`, 'v'));
    driver.commit(link, 4, many);
    driver.ask(link, outcome(5, false));
    const joiner = driver.open('catchup');
    const { entries, position } = delta(driver.ask(joiner, fetch()));
    expect([entries.at(-1)?.txid, position.txid]).to.deep.equal([4, 5]);
    const { chain = '' } = driver.state.history.at(4) ?? {};
    expect(driver.ask(joiner, fetch({ txid: 4, chain }))).to.deep.equal([]);
    driver.sync();
    expect(delta(driver.take(joiner)).entries.map(({ txid }) => txid)).to.deep.equal([5]);
  });

  it('sends who has another past, or one too old, to a snapshot', () => {
    const driver = filled();
    const joiner = driver.open('catchup');
    const other = { txid: 3, chain: 'f'.repeat(32) };
    expect(delta(driver.ask(joiner, fetch(other))).verdict).to.equal('snapshot');
    const forgetful = filled(1);
    const late = delta(forgetful.ask(forgetful.open('catchup'), fetch()));
    expect(late.verdict).to.equal('snapshot');
  });

  it('ends a delta behind so many commands, however small, but sends a transaction at least', () => {
    const driver = filled();
    const link = driver.fenced();
    const { position } = delta(driver.ask(driver.open('catchup'), fetch()));
    const counted = FIRST_DELTA_COMMANDS / 2;
    const batch = Array.from({ length: counted - 1 }, (_, at) => set(`k${at}`, 'v'));
    for (let txid = 4; txid < 30; txid += 1) driver.commit(link, txid, batch);
    const huge = Array.from({ length: 2 * DELTA_COMMANDS }, () => batch[0] ?? set('k', 'v'));
    driver.commit(link, 30, huge);
    const joiner = driver.open('catchup');
    const ask = (at: typeof position, link = joiner): number[] =>
      delta(driver.ask(link, fetch(at))).entries.map(({ txid }) => txid);
    const counts = [ask(position), ask(position), ask(position), ask(position)];
    const most = DELTA_COMMANDS / counted;
    expect(counts.map(({ length }) => length)).to.deep.equal([2, 4, most, most]);
    const { chain = '' } = driver.state.history.at(29) ?? {};
    expect(ask({ txid: 29, chain }, driver.open('catchup'))).to.deep.equal([30]);
  });

  it('cuts a large payload and goes on at the asked offset', () => {
    const driver = filled();
    const link = driver.fenced();
    const { position } = delta(driver.ask(driver.open('catchup'), fetch()));
    const value = Buffer.alloc(2 * DELTA_BYTES + 100, 'x');
    driver.commit(link, 4, [set('big', value)]);
    driver.commit(link, 5, [set('c', '5')]);
    const joiner = driver.open('catchup');
    const parts: Buffer[] = [];
    let offset = 0;
    for (;;) {
      const { entries } = delta(driver.ask(joiner, fetch(position, offset)));
      const [entry] = entries;
      if (entry === undefined) throw new Error('no entry');
      parts.push(entry.bytes);
      offset += entry.bytes.length;
      if (offset === entry.length) {
        expect(entries.map(({ txid }) => txid)).to.deep.equal([4, 5]);
        break;
      }
      expect(entries).to.have.length(1);
      expect(entry.bytes.length).to.equal(DELTA_BYTES);
    }
    expect(parts).to.have.length(3);
    expect(Buffer.concat(parts).includes(value)).to.equal(true);
  });

  it('serves only as a sound member, under the epoch that both promised', () => {
    const changes: ((driver: ParticipantDriver) => void)[] = [
      (driver) => (driver.state.fit = false),
      (driver) => (driver.state.overridden = true),
      (driver) => (driver.state.view = null),
      (driver) => (driver.state.epoch = epoch(2)),
    ];
    for (const change of changes) {
      const driver = filled();
      change(driver);
      const joiner = driver.open('catchup');
      const answer = delta(driver.ask(joiner, fetch()));
      expect([answer.verdict, answer.entries.length]).to.deep.equal(['epoch', 0]);
      const [id, reason] = opened(driver.ask(joiner, fetchSnapshot()));
      expect(id).to.equal('');
      expect(reason).to.match(/another epoch or is not a member/);
    }
  });
});

describe('participant/donor: snapshots', () => {
  it('streams the table as it was when the snapshot was opened', () => {
    const driver = filled();
    const link = driver.fenced();
    for (let i = 0; i < 4; i += 1) {
      driver.commit(link, 4 + i, [set(`big${i}`, Buffer.alloc(PIECE_BYTES, `${i}`))]);
    }
    const joiner = driver.open('catchup');
    const [id] = opened(driver.ask(joiner, fetchSnapshot()));
    const digest = driver.state.table.digest();
    driver.commit(link, 8, [set('late', 'x')]);
    const loader = new SnapshotLoader();
    let last = false;
    let sequence = 0;
    for (; !last; sequence += 1) {
      const [frames] = driver.ask(joiner, fetchFrames(id, sequence));
      if (frames?.type !== 'frames') throw new Error('no frames');
      expect(frames.sequence).to.equal(sequence);
      for (const frame of frames.frames) loader.feed(frame);
      ({ last } = frames);
    }
    const { header, table } = loader.finish();
    expect([header.txid, table.digest(), table.has('late')]).to.deep.equal([7, digest, false]);
    expect(header.aborted).to.deep.equal([{ epoch: 1, txid: 2 }]);
    expect(sequence).to.be.greaterThan(1);
    const [beyond] = driver.ask(joiner, fetchFrames(id, sequence));
    expect(beyond).to.deep.include({ type: 'frames', last: true, frames: [] });
    expect(driver.machine.nextTimeoutAt(), 'only the scrub').to.equal(driver.now + 500);
  });

  it('fills one participant at a time, and starts over for the same one', () => {
    const driver = filled();
    const [first, second] = [driver.open('catchup'), driver.open('catchup')];
    const [id] = opened(driver.ask(first, fetchSnapshot()));
    expect(opened(driver.ask(second, fetchSnapshot()))[1]).to.match(/is being filled/);
    const [again] = opened(driver.ask(first, fetchSnapshot()));
    expect(again).to.not.equal(id);
    expect(kinds(driver.ask(first, fetchFrames(id, 0)))).to.deep.equal(['refused protocol']);
    driver.step({ type: 'linkClosed', link: first });
    expect(opened(driver.ask(second, fetchSnapshot()))[0]).to.not.equal('');
  });

  it('refuses frames of another link, and out of order', () => {
    for (const wrong of ['link', 'order'] as const) {
      const driver = filled();
      const joiner = driver.open('catchup');
      const [id] = opened(driver.ask(joiner, fetchSnapshot()));
      const from = wrong === 'link' ? driver.open('catchup') : joiner;
      const answer = driver.ask(from, fetchFrames(id, wrong === 'order' ? 1 : 0));
      expect(kinds(answer), wrong).to.deep.equal(['refused protocol']);
    }
    const driver = filled();
    const nobody = driver.ask(driver.open('catchup'), fetchFrames('none', 0));
    expect(kinds(nobody)).to.deep.equal(['refused protocol']);
  });

  it('gives a joiner up that falls silent, and frees the table', () => {
    const driver = filled();
    const joiner = driver.open('catchup');
    const [id] = opened(driver.ask(joiner, fetchSnapshot()));
    driver.tick(600);
    driver.ask(joiner, fetchFrames(id, 0));
    const second = driver.open('catchup');
    opened(driver.ask(joiner, fetchSnapshot()));
    driver.tick(999);
    expect(driver.closed).to.not.include(joiner);
    driver.tick(1);
    expect(driver.closed).to.include(joiner);
    expect(opened(driver.ask(second, fetchSnapshot()))[0]).to.not.equal('');
    driver.step({ type: 'linkClosed', link: joiner });
    expect(opened(driver.ask(second, fetchSnapshot()))[0], 'not its session').to.not.equal('');
  });
});
