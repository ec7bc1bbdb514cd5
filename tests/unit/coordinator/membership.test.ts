import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { CoordinatorDriver } from './coordinator-driver.js';
import { viewed } from './statuses.js';

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
    const { view } = driver.part('a').last('view');
    driver.part('a').say(viewed({ ...view, number: view.number - 1 }));
    driver.part('a').say(viewed({ ...view, epoch: { ...view.epoch, number: 0 } }));
    expect(driver.told(token), 'an older view').to.equal('');
    driver.part('a').say(viewed(view));
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
    const numbers = views(driver).map(({ number }) => number);
    expect(numbers, 'those installed are noted').to.deep.equal([1, 1, 2, 3, 3]);
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
    membership.onViewed(a, { type: 'viewed', number: 3, epoch: driver.epoch });
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

  it('finds its way past a view that was overtaken, whoever tells of it first', () => {
    for (const order of ['ab', 'ba']) {
      const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
      const [a, b] = driver.parts.map(({ peer }) => peer);
      if (a === undefined || b === undefined) throw new Error('two peers');
      for (const part of driver.parts) part.silent.add('view');
      const { membership } = driver.machine;
      const [first] = membership.views;
      const member = first?.members[1];
      if (first === undefined || member === undefined) throw new Error('a view of two');
      const alone = { ...first, number: 2, members: [member] };
      const both = { ...first, number: 3 };
      const last = { ...first, number: 4, members: first.members.slice(0, 1) };
      membership.adopt([alone, both, last]);
      expect(membership.mayFollow([a])).to.equal(false);
      for (const name of order) {
        membership.noteStored(`s-${name}`, name === 'a' ? last : both);
      }
      expect(membership.views, order).to.deep.equal([last]);
      expect(membership.mayFollow([a])).to.equal(true);
      expect(membership.known, 'for a restart').to.deep.equal([alone, both, last]);
    }
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
    driver.part('a').say({ type: 'viewed', number: 2, epoch: driver.epoch });
    expect(membership.isSettledEnough, 'b may still answer').to.equal(false);
    driver.part('b').die();
    driver.run(1050);
    expect(membership.isSettledEnough).to.equal(true);
  });

  it('makes no view that cannot be found from the one before', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const [a, b] = driver.parts;
    if (a === undefined || b === undefined) throw new Error('two participants');
    b.die();
    driver.set('k');
    driver.run(1500);
    expect(driver.members).to.equal('a');
    a.silent.add('view');
    b.isUp = true;
    driver.run(1000);
    expect(driver.members, 'only b has stored it').to.equal('(a b)');
    const read = driver.get(1, 'k');
    a.hang();
    driver.set('k');
    driver.run(1900);
    expect(driver.members, 'who knows a alone would not find a view of b').to.equal('(a b)');
    expect(driver.told(read), 'nor what is written without b').to.equal('values a');
    a.wake();
    driver.run(3000);
    expect([driver.members, driver.told(driver.set('k'))]).to.deep.equal(['a b', 'ok']);
  });

  it('lets members go that have told of the view after theirs', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b', 'c'] }).serve();
    const [a, b, c] = driver.parts.map(({ peer }) => peer);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three peers');
    const { membership } = driver.machine;
    for (const part of driver.parts) part.silent.add('catchUp').add('view');
    membership.propose([a], 'one');
    driver.sync();
    driver.part('a').say(viewed(driver.part('a').last('view').view));
    membership.propose([a, b, c], 'grown');
    driver.sync();
    expect([membership.mayFollow([b]), membership.mayFollow([a])]).to.deep.equal([false, true]);
    expect(membership.awaitedFor([b, c])).to.equal('a:1');
    driver.part('b').say(viewed(driver.part('b').last('view').view));
    expect(membership.mayFollow([b])).to.equal(false);
    driver.part('a').say(viewed(driver.part('a').last('view').view));
    expect(membership.mayFollow([b])).to.equal(true);
  });

  it('knows no members before there is a view', () => {
    const { membership } = new CoordinatorDriver().machine;
    expect([membership.size, membership.isChanging]).to.deep.equal([0, false]);
    expect(membership.memberPeers()).to.deep.equal([]);
    expect(membership.isOfThisStart).to.equal(false);
    expect(membership.installed).to.equal(null);
  });
});
