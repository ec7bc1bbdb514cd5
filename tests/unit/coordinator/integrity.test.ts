import { expect } from 'chai';
import type { WalRecord } from '../../../src/wal/record.js';
import { CoordinatorDriver, type Part } from './coordinator-driver.js';
import { epoch, holding, view } from './statuses.js';

const pong = (driver: CoordinatorDriver, part: Part, changes: object = {}): void => {
  driver.step({ type: 'dialReply', dial: part.heart, message: part.pong(1, changes) });
};

/** Outvoted or damaged members are not admitted again by themselves. */
function serving(names?: readonly string[]): CoordinatorDriver {
  const driver = new CoordinatorDriver(names === undefined ? {} : { names }).serve();
  for (const part of driver.parts) part.silent.add('catchUp');
  return driver;
}

describe('coordinator/integrity: states', () => {
  it('removes who differs from the majority, and refills it from a snapshot', () => {
    const driver = serving();
    driver.part('b').digestAt = (txid) => `other-${txid}`;
    const read = driver.get(1, 'k');
    expect(driver.told(read)).to.match(/^values/);
    driver.set('k');
    driver.run(10);
    expect(driver.members).to.equal('a c');
    expect(driver.machine.core.counters.divergences).to.be.greaterThan(0);
    expect(driver.part('b').last('catchUp').fresh).to.equal(true);
    expect(driver.traced.join()).to.match(/its state differs from the majority's at transaction 1/);
  });

  it('stops everything when nobody can say who is right', () => {
    const driver = serving(['a', 'b']);
    driver.part('b').digestAt = (txid) => `other-${txid}`;
    driver.set('k');
    driver.run(300);
    const said = 'participants differ at transaction 1 and no majority agrees';
    expect([driver.phase, driver.exit]).to.deep.equal(['halted', null]);
    expect(driver.told(driver.get(1, 'k'))).to.equal(`ERR ${said}`);
    expect(driver.told(driver.set('k'))).to.equal(`ERR ${said}`);
  });

  it('hears of a difference from heartbeats, without a write', () => {
    const driver = serving();
    pong(driver, driver.part('b'), { digest: 'other' });
    driver.run(300);
    expect(driver.members).to.equal('a c');
  });

  it('removes who finds itself damaged', () => {
    const driver = serving();
    driver.part('b').silent.add('read');
    for (let session = 1; session <= 3; session += 1) driver.get(session, 'k');
    pong(driver, driver.part('b'), { fit: false });
    pong(driver, driver.part('b'), { fit: false });
    expect(driver.members).to.equal('a c');
    expect(driver.part('b').last('catchUp').fresh).to.equal(true);
  });

  it('says once who was outvoted, however often it repeats itself', () => {
    const driver = serving();
    driver.part('c').silent.add('fence');
    driver.part('c').lose();
    for (let i = 0; i < 3; i += 1) pong(driver, driver.part('b'), { digest: 'other' });
    expect(driver.members, 'c is on its way back').to.equal('a b c');
    const lines = driver.traced.filter((line) => line.startsWith('its state differs'));
    expect(lines).to.have.length(1);
  });

  it('keeps a damaged member while no sound one stays, and reads nothing from it', () => {
    const driver = serving(['a']);
    pong(driver, driver.part('a'), { fit: false });
    expect(driver.members).to.equal('a');
    expect(driver.told(driver.get(1, 'k'))).to.equal('');
  });

  it('waits for a sound member that is only on its way back', () => {
    const driver = serving();
    driver.part('c').silent.add('fence');
    driver.part('c').lose();
    pong(driver, driver.part('b'), { fit: false });
    expect(driver.members).to.equal('a b c');
    driver.run(100);
    driver.part('c').wake();
    driver.part('c').silent.add('catchUp');
    driver.part('c').lose();
    driver.run(300);
    expect(driver.members).to.equal('a c');
  });

  it('notes now and then how far all members have synced', () => {
    const driver = serving();
    for (let i = 0; i < 300; i += 1) driver.set(`k${i}`);
    const done = driver.log.filter(({ kind }) => kind === 'commitDone');
    expect(done).to.deep.equal([{ kind: 'commitDone', epoch: 1, txid: 256 }]);
    expect(driver.machine.core.outcomes.settledTxid).to.equal(256);
  });

  it('lets members go that are configured no more, once all that are have answered', () => {
    const log: WalRecord[] = [
      { kind: 'epoch', epoch: epoch(1) },
      { kind: 'view', view: view(1, 'a', 'b', 'gone') },
    ];
    const driver = new CoordinatorDriver({ names: ['a', 'b'], log });
    for (const part of driver.parts) {
      part.status = holding(part.name, '', { view: view(1, 'a', 'b', 'gone'), epoch: epoch(1) });
    }
    driver.run(2000);
    expect(driver.members).to.equal('a b');
    expect(driver.traced.join()).to.match(/the configuration changed/);
  });
});

describe('coordinator/resync', () => {
  /** c comes back saying this of itself, while transactions 1 (C), 2 (A), 3 (C) are decided. */
  function back(words: string, changes: object = {}): { driver: CoordinatorDriver; c: Part } {
    const driver = serving();
    driver.set('k1');
    for (const part of driver.parts) {
      part.answer = (message) => (message.type === 'prepare' ? part.vote(2, 'no', 'odd') : null);
    }
    driver.set('k2');
    for (const part of driver.parts) part.answer = () => null;
    driver.set('k3');
    const { outcomes } = driver.machine.core;
    expect([1, 2, 3].map((txid) => outcomes.get(txid)?.commit)).to.deep.equal([true, false, true]);
    const c = driver.part('c');
    c.status = { ...holding('c', words, { view: c.status.view }), ...changes };
    c.got.length = 0;
    c.lose();
    driver.run(60);
    return { driver, c };
  }

  for (const [what, words, sent] of [
    ['lacks the last outcome', 'C A 1', ['3 true']],
    ['lacks them all', '1 1 1', ['1 true', '2 false', '3 true']],
    ['has ended everything', 'C A C', []],
  ] as const) {
    it(`sends the outcomes, then the view, to a member that ${what}`, () => {
      const { driver, c } = back(words);
      const got = c.all('outcome').map(({ txid, commit }) => `${txid} ${commit}`);
      expect(got).to.deep.equal(sent);
      expect(c.peer.isReady).to.equal(true);
      const types = c.got.map(({ type }) => type);
      if (sent.length > 0) expect(types.lastIndexOf('outcome')).to.be.below(types.indexOf('view'));
      expect(driver.members).to.equal('a b c');
    });
  }

  for (const [what, words, changes, reason] of [
    ['is half filled', 'C A C', { fit: false }, /its store is damaged or half filled/],
    ['lacks what was committed', 'C A', {}, /it lacks transaction 3, which was committed/],
    ['lacks it, and holds another', 'C A 9', {}, /it lacks transaction 1:3, and holds another/],
    ['lacks the end of another', 'C A C 9', {}, /it lacks the end of transaction 9:4, which was/],
    ['has ended too much', 'C A C C', {}, /it has ended transaction 4, which was never decided/],
  ] as const) {
    it(`refills a member that ${what}`, () => {
      const { driver, c } = back(words, changes);
      expect(driver.traced.join()).to.match(reason);
      expect(driver.members).to.equal('a b');
      expect(c.all('outcome')).to.deep.equal([]);
      const mayTakeDelta = what.startsWith('lacks');
      expect(c.last('catchUp').fresh).to.equal(!mayTakeDelta);
    });
  }

  /** Two transactions have ended, and nothing is remembered of them, nor of their epoch. */
  function forgetful(): CoordinatorDriver {
    const log: WalRecord[] = [
      { kind: 'epoch', epoch: epoch(1) },
      { kind: 'view', view: view(1, 'a', 'b') },
      {
        kind: 'state',
        lastTxid: 2,
        settledTxid: 2,
        view: view(1, 'a', 'b'),
        epochs: [epoch(1)],
        recent: [],
        lineage: [],
      },
    ];
    const driver = new CoordinatorDriver({ names: ['a', 'b'], log });
    for (const part of driver.parts) {
      const words = part.name === 'a' ? 'C C' : 'C 1';
      part.status = holding(part.name, words, { view: view(1, 'a', 'b'), epoch: epoch(1) });
    }
    return driver;
  }

  it('takes what it has forgotten for committed', () => {
    const driver = forgetful();
    driver.run(300);
    expect(driver.phase).to.equal('serving');
    const told = { type: 'outcome', epoch: 1, txid: 2, commit: true };
    expect(driver.part('b').all('outcome'), 'once').to.deep.equal([told]);
  });

  it('does so with a member that was silent at the start, as that is in doubt of it', () => {
    const driver = forgetful();
    driver.part('b').isUp = false;
    driver.run(1500);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', '(a b)']);
    driver.machine.beginCheckpoint(driver.now);
    driver.step({ type: 'tick' });
    const kinds = driver.checkpoint?.map(({ kind }) => kind);
    expect(kinds, 'no view is known to have been installed').to.deep.equal(['state']);
    driver.part('b').isUp = true;
    driver.run(500);
    const told = { type: 'outcome', epoch: 1, txid: 2, commit: true };
    expect(driver.part('b').all('outcome')).to.deep.equal([told]);
    expect(driver.members).to.equal('a b');
  });
});
