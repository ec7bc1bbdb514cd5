import { expect } from 'chai';
import { MAX_IN_FLIGHT } from '../../../src/base/limits.js';
import type { CaughtUp } from '../../../src/rpc/messages.js';
import { CoordinatorDriver, type Part } from './coordinator-driver.js';

/** A cluster of a and b; c is back, asked to catch up, and leaves the answers to the test. */
function joining(): { driver: CoordinatorDriver; c: Part } {
  const driver = new CoordinatorDriver().serve();
  const c = driver.part('c');
  c.die();
  driver.set('k');
  driver.run(1300);
  if (driver.members !== 'a b') throw new Error(driver.members);
  c.silent.add('catchUp');
  c.isUp = true;
  driver.run(500);
  return { driver, c };
}

function caughtUp(c: Part, txid: number, changes: Partial<CaughtUp> = {}): void {
  const { attempt } = c.last('catchUp');
  const position = c.position(txid);
  const digest = c.digestAt(txid);
  const how = 'delta';
  c.say({ type: 'caughtUp', attempt, ok: true, reason: '', position, digest, how, ...changes });
}

describe('coordinator/admission', () => {
  it('catches up from a member, then again at a barrier, and enters at exactly its txid', () => {
    const { driver, c } = joining();
    const { donorAddress, donorStoreId, fresh } = c.last('catchUp');
    expect([donorAddress, donorStoreId, fresh]).to.deep.equal(
      donorAddress === 'a:1' ? ['a:1', 's-a', false] : ['b:1', 's-b', false],
    );
    expect(driver.told(driver.set('k')), 'beside it').to.equal('ok');
    caughtUp(c, 1);
    expect(c.all('catchUp')).to.have.length(2);
    const token = driver.set('k');
    expect(driver.told(token), 'the barrier').to.equal('');
    caughtUp(c, 2);
    expect([driver.members, driver.told(token)]).to.deep.equal(['a b c', 'ok']);
    expect(c.last('sound').txid).to.equal(2);
    expect(c.last('view').view.firstTxid).to.equal(3);
    expect(c.last('prepare').txid).to.equal(3);
    expect(driver.machine.core.counters.rejoins).to.equal(1);
  });

  it('asks nobody to catch up whom a view that may still count names', () => {
    const driver = new CoordinatorDriver().serve();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => driver.part(name));
    if (!a || !b || !c) throw new Error('three participants');
    for (const part of [a, b]) part.silent.add('view');
    c.die();
    driver.set('k');
    driver.run(1300);
    c.isUp = true;
    driver.run(600);
    expect(c.all('catchUp'), 'the view without it is nowhere stored').to.deep.equal([]);
    for (const part of [a, b]) {
      const { number, epoch } = part.last('view').view;
      part.say({ type: 'viewed', number, epoch });
    }
    driver.run(400);
    expect(c.all('catchUp').length).to.be.greaterThan(0);
  });

  it('gives the barrier up after well under a second, and tries again later', () => {
    const { driver, c } = joining();
    caughtUp(c, 1);
    const token = driver.set('k');
    driver.run(399);
    expect(driver.told(token)).to.equal('');
    driver.run(1);
    expect(driver.told(token)).to.equal('ok');
    expect(driver.machine.core.counters.failedRejoins).to.equal(1);
    caughtUp(c, 1, { attempt: 99 });
    driver.run(250);
    expect(c.all('catchUp')).to.have.length(3);
    caughtUp(c, 2);
    caughtUp(c, 2);
    expect(driver.members).to.equal('a b c');
  });

  it('keeps the barrier up while the log takes the view, however long', () => {
    const { driver, c } = joining();
    caughtUp(c, 1);
    driver.isSyncHeld = true;
    caughtUp(c, 1);
    const token = driver.set('k');
    driver.run(900);
    expect(driver.part('a').all('prepare'), 'c would miss it').to.have.length(1);
    driver.isSyncHeld = false;
    driver.sync();
    driver.run(50);
    expect([driver.members, driver.told(token)]).to.deep.equal(['a b c', 'ok']);
    expect(c.last('prepare').txid).to.equal(2);
  });

  it('hands on no large value that the new member has not got', () => {
    const { driver, c } = joining();
    for (const part of driver.parts) part.silent.add('piece');
    const token = driver.set('k', Buffer.alloc(900 * 1024));
    caughtUp(c, 1);
    expect(c.all('catchUp')).to.have.length(2);
    const take = (part: Part): void => {
      for (const { stage, offset, bytes } of part.all('piece')) {
        part.say({ type: 'pieced', stage, have: offset + bytes.length, refusal: '' });
      }
    };
    take(driver.part('a'));
    take(driver.part('b'));
    expect(driver.part('a').all('prepare')).to.have.length(1);
    caughtUp(c, 1);
    expect(driver.members).to.equal('a b c');
    driver.run(10);
    expect(driver.part('a').all('prepare'), 'c has nothing of it').to.have.length(1);
    take(c);
    expect([driver.members, driver.told(token)]).to.deep.equal(['a b c', 'ok']);
  });

  it('does not let anybody in while a large value waits behind others of its session', () => {
    const { driver, c } = joining();
    const [a, b] = [driver.part('a'), driver.part('b')];
    a.silent.add('prepare');
    for (let i = 0; i < MAX_IN_FLIGHT; i += 1) driver.set('k', 'v', 2);
    const last = 1 + MAX_IN_FLIGHT;
    driver.set('k', 'v', 3);
    driver.set('k', Buffer.alloc(900 * 1024), 3);
    caughtUp(c, 1);
    for (let txid = 2; txid <= last; txid += 1) a.say(a.vote(txid, 'yes'));
    expect(b.all('outcome').at(-1)?.txid).to.equal(last);
    expect(c.all('catchUp'), 'the final one').to.have.length(1);
    driver.run(450);
    expect(b.all('prepare').at(-2)?.txid, 'the barrier is given up').to.equal(last + 1);
  });

  it('waits longer after each failure, up to a bound', () => {
    const { driver, c } = joining();
    for (let i = 0; i < 12; i += 1) {
      const before = c.all('catchUp').length;
      caughtUp(c, 0, { ok: false, reason: 'no donor' });
      const wait = Math.min(2000, 200 * (i + 1));
      driver.run(wait - 10);
      expect(c.all('catchUp').length, `after failure ${i + 1}`).to.equal(before);
      driver.run(20);
      expect(c.all('catchUp').length).to.equal(before + 1);
    }
  });

  it('goes on in rounds while the gap is large, and does not wait for ever', () => {
    const { driver, c } = joining();
    for (let i = 0; i < 100; i += 1) driver.set(`k${i}`);
    for (let round = 1; round <= 7; round += 1) {
      caughtUp(c, 1);
      expect(driver.machine.core.outcomes.decidedTxid - 1).to.be.greaterThan(64);
      expect(driver.told(driver.set('k')), 'no barrier yet').to.equal('ok');
    }
    caughtUp(c, 1);
    const token = driver.set('k');
    expect(driver.told(token), 'writes outrun the delta').to.equal('');
  });

  it('refills whoever caught up to another state, from a snapshot', () => {
    const { driver, c } = joining();
    caughtUp(c, 1);
    caughtUp(c, 1, { digest: 'other' });
    expect(driver.members).to.equal('a b');
    expect(driver.machine.core.counters.divergences).to.equal(1);
    driver.run(300);
    expect(c.last('catchUp').fresh).to.equal(true);
    caughtUp(c, 1, { how: 'snapshot' });
    expect(c.last('catchUp').fresh, 'it has been replaced').to.equal(false);
    caughtUp(c, 1, { how: 'none' });
    expect(driver.members).to.equal('a b c');
    expect(driver.machine.core.counters.rejoinsBySnapshot).to.equal(1);
  });

  it('counts a delta behind a snapshot as a snapshot, and a delta as none', () => {
    const { driver, c } = joining();
    caughtUp(c, 1, { how: 'none' });
    caughtUp(c, 1, { how: 'none' });
    expect(driver.members).to.equal('a b c');
    expect(driver.machine.core.counters.rejoinsBySnapshot).to.equal(0);
  });

  it('is under way once, however often the joiner is fenced', () => {
    const { driver, c } = joining();
    c.say({ type: 'fenced', status: c.status });
    caughtUp(c, 1);
    expect(c.last('catchUp').fresh).to.equal(false);
    caughtUp(c, 1);
    expect(driver.members).to.equal('a b c');
  });

  it('does not admit at another txid than the cluster’s', () => {
    const { driver, c } = joining();
    caughtUp(c, 1);
    caughtUp(c, 0);
    expect(driver.members).to.equal('a b');
    expect(driver.traced.join()).to.match(/the cluster moved on meanwhile/);
    expect(driver.told(driver.set('k')), 'the barrier is lifted').to.equal('ok');
  });

  it('lifts the barrier when the joiner is lost', () => {
    const { driver, c } = joining();
    caughtUp(c, 1);
    const token = driver.set('k');
    c.die();
    expect(driver.told(token)).to.equal('ok');
    const late = { type: 'caughtUp', attempt: 1, ok: true, reason: '', how: 'delta' } as const;
    c.say({ ...late, position: c.position(1), digest: '' });
    expect(driver.members).to.equal('a b');
  });

  it('waits for what is in flight before the last round', () => {
    const { driver, c } = joining();
    for (const name of ['a', 'b']) driver.part(name).silent.add('prepare').add('outcome');
    const token = driver.set('k');
    caughtUp(c, 1);
    expect(c.all('catchUp')).to.have.length(1);
    for (const name of ['a', 'b']) driver.part(name).say(driver.part(name).vote(2, 'yes'));
    expect(driver.told(token)).to.equal('ok');
    expect(c.all('catchUp'), 'the members have not told their state').to.have.length(1);
    for (const name of ['a', 'b']) driver.part(name).say(driver.part(name).end(2, true));
    expect(c.all('catchUp')).to.have.length(2);
    caughtUp(c, 2);
    expect(driver.members).to.equal('a b c');
  });

  it('asks again where no member can be a donor', () => {
    const { driver, c } = joining();
    caughtUp(c, 0, { ok: false, reason: 'gone' });
    for (const name of ['a', 'b']) {
      driver.part(name).silent.add('fence');
      driver.part(name).lose();
    }
    const before = c.all('catchUp').length;
    driver.run(700);
    expect(c.all('catchUp')).to.have.length(before);
    for (const name of ['a', 'b']) {
      driver.part(name).wake();
      driver.part(name).lose();
    }
    driver.run(700);
    expect(c.all('catchUp').length).to.be.greaterThan(before);
  });

  it('lets two in, one after the other', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b', 'c', 'd'] }).serve();
    for (const name of ['c', 'd']) driver.part(name).die();
    driver.set('k');
    driver.run(1300);
    expect(driver.members).to.equal('a b');
    for (const name of ['c', 'd']) driver.part(name).isUp = true;
    driver.run(2000);
    expect(driver.members.split(' ').sort().join(' ')).to.equal('a b c d');
  });

  it('leaves a silent member out by the view that lets the joiner in', () => {
    const { driver, c } = joining();
    driver.part('b').die();
    driver.run(1100);
    caughtUp(c, 1);
    caughtUp(c, 1);
    expect(driver.members).to.equal('a c');
  });

  it('gives up when nobody stays to compare with', () => {
    const { driver, c } = joining();
    caughtUp(c, 1);
    for (const name of ['a', 'b']) driver.part(name).die();
    driver.run(350);
    caughtUp(c, 1);
    expect(driver.members).to.equal('a b');
    expect(driver.traced.join()).to.match(/the cluster moved on meanwhile/);
  });
});
