import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { CoordinatorDriver } from './coordinator-driver.js';

const views = (driver: CoordinatorDriver) =>
  driver.log.flatMap((record) => (record.kind === 'view' ? [record.view] : []));

describe('coordinator/membership', () => {
  it('makes the first view of all configured participants, synced before it is sent', () => {
    const driver = new CoordinatorDriver();
    driver.isSyncHeld = true;
    driver.run(300);
    driver.sync();
    expect(views(driver), 'the epoch is fenced first').to.have.length(1);
    expect(driver.part('a').all('view')).to.deep.equal([]);
    driver.sync();
    const [first] = views(driver);
    expect(driver.part('a').last('view').view).to.deep.equal(first);
    expect(first).to.deep.include({ number: 1, firstTxid: 1, epoch: driver.epoch });
    expect([driver.members, driver.phase]).to.deep.equal(['a b c', 'serving']);
  });

  it('decides nothing under a view that some member has not synced', () => {
    const driver = new CoordinatorDriver().serve();
    driver.part('c').die();
    driver.part('a').silent.add('view');
    const token = driver.set('k');
    driver.run(1300);
    expect([driver.members, driver.told(token)]).to.deep.equal(['(a b)', '']);
    const { number } = driver.part('a').last('view').view;
    driver.part('a').say({ type: 'viewed', number: number - 1 });
    expect(driver.told(token), 'an older view').to.equal('');
    driver.part('a').say({ type: 'viewed', number });
    expect([driver.members, driver.told(token)]).to.deep.equal(['a b', 'ok']);
  });

  it('shrinks again, under a new number, when a member fails before it has synced the view', () => {
    const driver = new CoordinatorDriver().serve();
    driver.part('c').die();
    driver.part('a').silent.add('view');
    const token = driver.set('k');
    driver.run(1050);
    driver.part('a').die();
    driver.run(1100);
    expect([driver.members, driver.told(token)]).to.deep.equal(['b', 'ok']);
    expect(views(driver).map(({ number }) => number)).to.deep.equal([1, 2, 3]);
    expect(driver.traced).to.include('only one participant holds the data now');
  });

  it('does not send a view that was replaced before it was synced', () => {
    const driver = new CoordinatorDriver().serve();
    const [a, b, c] = driver.parts.map(({ peer }) => peer);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three peers');
    for (const part of driver.parts) part.silent.add('catchUp');
    driver.isSyncHeld = true;
    const { membership } = driver.machine;
    membership.propose([a, b], 'one');
    membership.sendTo(a);
    membership.propose([a], 'two');
    membership.onViewed(a, 3);
    expect(driver.members, 'not before it is synced here').to.equal('(a)');
    driver.sync();
    membership.sendTo(b);
    const sent = (name: string): Set<number> =>
      new Set(
        driver
          .part(name)
          .all('view')
          .map(({ view }) => view.number),
      );
    expect([...sent('b')], 'no member').to.deep.equal([1]);
    expect([...sent('a')]).to.deep.equal([1, 3]);
    expect(driver.members).to.equal('a');
  });

  it('asserts that a view is never empty and shares a member with the one before', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b', 'c'] }).serve();
    const [a, b] = driver.parts.map(({ peer }) => peer);
    if (a === undefined || b === undefined) throw new Error('two peers');
    const { membership } = driver.machine;
    expect(() => {
      membership.propose([], 'nobody');
    }).to.throw(AssertionError);
    membership.propose([a], 'one');
    expect(() => {
      membership.propose([b], 'another');
    }).to.throw(AssertionError);
    b.storeId = null;
    expect(() => {
      membership.propose([a, b], 'unknown');
    }).to.throw(AssertionError);
  });

  it('lets a change be overtaken only once it is synced here, and by silent members', () => {
    const driver = new CoordinatorDriver().serve();
    const [a, b] = driver.parts.map(({ peer }) => peer);
    if (a === undefined || b === undefined) throw new Error('two peers');
    for (const part of driver.parts) part.silent.add('catchUp').add('view');
    const { membership } = driver.machine;
    expect(membership.isSettledEnough).to.equal(true);
    driver.isSyncHeld = true;
    membership.propose([a, b], 'c left');
    expect(membership.isSettledEnough).to.equal(false);
    driver.sync();
    driver.part('a').say({ type: 'viewed', number: 2 });
    expect(membership.isSettledEnough, 'b may still answer').to.equal(false);
    driver.part('b').die();
    driver.run(1050);
    expect(membership.isSettledEnough).to.equal(true);
  });

  it('knows no members before there is a view', () => {
    const { membership } = new CoordinatorDriver().machine;
    expect([membership.size, membership.isChanging]).to.deep.equal([0, false]);
    expect(membership.memberPeers()).to.deep.equal([]);
    membership.resume([]);
    expect(membership.installed).to.equal(null);
  });
});
