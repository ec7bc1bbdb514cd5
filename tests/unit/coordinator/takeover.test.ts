import { expect } from 'chai';
import { WITHOUT_LOG_EPOCH_STEP } from '../../../src/coordinator/inquiry.js';
import { CoordinatorDriver } from './coordinator-driver.js';
import { condition, holds, logged, restarted } from './restarted.js';
import { epoch, holding, view, viewed } from './statuses.js';

const kinds = (driver: CoordinatorDriver): string[] => driver.log.map(({ kind }) => kind);

describe('coordinator/takeover: with its log', () => {
  it('asks, raises, fences, decides, and only then serves', () => {
    const log = logged(1, 'a', 'b', 'c');
    const driver = restarted(['C', '1', 'C 1'], { log });
    driver.isSyncHeld = true;
    const token = driver.set('k');
    driver.run(100);
    expect(driver.part('a').all('inquire').length).to.be.greaterThan(0);
    expect(driver.part('a').all('fence'), 'the epoch is synced first').to.deep.equal([]);
    expect(driver.epoch.number).to.equal(2);
    driver.sync();
    expect(driver.part('a').last('fence').epoch).to.deep.equal(driver.epoch);
    expect(kinds(driver).slice(-1), 'then a view of this start').to.deep.equal(['view']);
    driver.sync();
    expect(kinds(driver).slice(-1)).to.deep.equal(['abort']);
    expect([driver.phase, driver.told(token)]).to.deep.equal(['recovering', '']);
    expect(driver.part('c').all('outcome'), 'a verdict is synced first').to.deep.equal([]);
    const known = driver
      .part('b')
      .all('outcome')
      .map(({ txid, commit }) => [txid, commit]);
    expect(known, 'what others know is none').to.deep.equal([[1, true]]);
    driver.isSyncHeld = false;
    driver.sync();
    expect([driver.phase, driver.told(token)]).to.deep.equal(['serving', 'ok']);
    const ends = driver.part('c').all('outcome');
    expect(ends.map(({ txid, commit }) => [txid, commit])).to.deep.equal([
      [2, false],
      [3, true],
    ]);
    const b = driver.part('b').all('outcome');
    expect(b.map(({ txid, commit }) => [txid, commit])).to.deep.equal([
      [1, true],
      [2, false],
      [3, true],
    ]);
    expect(driver.machine.core.counters.abortsRecovery).to.equal(1);
  });

  it('leaves out who does not answer within one detection time', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    driver.part('c').isUp = false;
    driver.run(900);
    expect(condition(driver)).to.match(/view 1 needs an answer from c:1 \(store s-c\)/);
    const token = driver.set('k');
    driver.run(400);
    expect([driver.phase, driver.told(token)]).to.deep.equal(['serving', 'ok']);
    expect(driver.members).to.equal('a b');
  });

  it('decides what members hold only under a view of exactly those', () => {
    const driver = restarted(['C 1', 'C 1', ''], { log: logged(1, 'a', 'b', 'c') });
    driver.part('c').isUp = false;
    driver.part('a').silent.add('view');
    driver.run(1500);
    expect([driver.phase, driver.members]).to.deep.equal(['recovering', '(a b)']);
    expect(kinds(driver)).to.not.include('commit');
    driver.part('a').say({ type: 'viewed', number: 2, epoch: driver.epoch });
    expect(driver.phase).to.equal('serving');
    expect(driver.machine.core.outcomes.get(2)?.commit).to.equal(true);
  });

  it('has a view of its own epoch synced by all its members before it decides', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    driver.part('b').silent.add('view');
    driver.run(300);
    expect([driver.phase, driver.members]).to.deep.equal(['recovering', '(a b c)']);
    driver.part('b').say(viewed(view(1)));
    expect(driver.phase, 'that of the start before').to.equal('recovering');
    driver.part('b').say({ type: 'viewed', number: 2, epoch: driver.epoch });
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b c']);
  });

  it('makes that view when a member comes back that was silent at the start', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    driver.part('c').isUp = false;
    driver.run(1500);
    expect([driver.phase, driver.members], 'nobody left yet').to.deep.equal(['serving', '(a b c)']);
    driver.part('c').isUp = true;
    driver.part('c').silent.add('view');
    driver.run(500);
    const { latest } = driver.machine.membership;
    expect([latest?.epoch, latest?.number]).to.deep.equal([driver.epoch, 2]);
    const token = driver.set('k');
    driver.run(100);
    expect(driver.told(token), 'nothing is decided under the older one').to.equal('');
    driver.part('c').say({ type: 'viewed', number: 2, epoch: driver.epoch });
    expect([driver.told(token), driver.members]).to.deep.equal(['ok', 'a b c']);
  });

  it('waits for somebody of the last view, as long as it takes', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b') });
    for (const name of ['a', 'b']) driver.part(name).isUp = false;
    driver.run(5000);
    expect(driver.phase).to.equal('recovering');
    driver.part('a').isUp = true;
    driver.run(1000);
    expect(driver.phase).to.equal('serving');
    expect(driver.members.startsWith('a')).to.equal(true);
  });

  it('waits for a member that is lost again while it decides', () => {
    const driver = restarted(['C 1', 'C 1', 'C 1'], { log: logged(1, 'a', 'b', 'c') });
    driver.part('c').silent.add('fence');
    driver.run(500);
    expect(condition(driver)).to.match(/view 1 needs c:1/);
    driver.part('c').die();
    driver.run(1500);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b']);
  });

  it('says who is needed when none that answers holds everything', () => {
    const driver = restarted(['C', 'C', 'C C'], { log: logged(2, 'a', 'b', 'c') });
    driver.part('c').isUp = false;
    driver.run(1500);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.match(/no member of view 1 holds everything .*need c:1/);
    driver.part('c').isUp = true;
    for (const name of ['a', 'b']) driver.part(name).silent.add('catchUp');
    driver.run(1500);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'c']);
  });

  it('leaves nobody out while the only member that is there has a log that was cut', () => {
    const driver = restarted(['C', 'C 1', 'C'], { log: logged(1, 'a', 'b', 'c') });
    holds(driver.part('a'), 'C', { tailFrom: 2 });
    for (const name of ['b', 'c']) driver.part(name).isUp = false;
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.match(
      /^the only member of view 1 .* a log that was cut; need b:1 \(store .+\), c:1 \(store .+\)$/,
    );
    driver.part('b').isUp = true;
    driver.part('a').silent.add('catchUp');
    driver.run(1500);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'b']);
    expect(driver.machine.core.outcomes.get(2)?.commit).to.equal(true);
  });

  it('removes members that lost data, and has them filled', () => {
    const driver = restarted(['C C', 'C', 'C C'], { log: logged(2, 'a', 'b', 'c') });
    driver.part('b').silent.add('catchUp');
    driver.run(100);
    expect(driver.members).to.equal('a c');
    driver.part('b').wake();
    driver.part('b').lose();
    driver.run(500);
    expect(driver.members).to.equal('a c b');
  });

  it('takes over from members what they have ended beyond its own log', () => {
    const driver = restarted(['C C C', 'C C C', 'C C C'], { log: logged(1, 'a', 'b', 'c') });
    driver.run(100);
    expect(driver.phase).to.equal('serving');
    const state = driver.log.find(({ kind }) => kind === 'state');
    expect(state).to.deep.include({ lastTxid: 3, settledTxid: 3 });
    driver.set('k');
    expect(driver.part('a').last('prepare').txid).to.equal(4);
  });

  it('writes all it knows at the head of a segment, once it serves', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    driver.machine.beginCheckpoint(driver.now);
    expect(driver.checkpoint).to.equal(null);
    driver.run(100);
    driver.set('k');
    driver.machine.beginCheckpoint(driver.now);
    driver.step({ type: 'tick' });
    const [state] = driver.checkpoint ?? [];
    if (state?.kind !== 'state') throw new Error('no state');
    expect([state.lastTxid, state.view?.number, state.recent.length]).to.deep.equal([2, 2, 2]);
    expect(state.epochs).to.deep.equal([epoch(1), driver.epoch]);
  });
});

describe('coordinator/takeover: without its log', () => {
  it('begins only when all configured participants are empty', () => {
    const driver = new CoordinatorDriver();
    driver.part('c').isUp = false;
    driver.run(5000);
    expect(condition(driver)).to.equal('the first view needs an answer from c:1');
    driver.part('c').isUp = true;
    driver.run(500);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b c']);
    expect(driver.adopted?.clusterId).to.match(/^[0-9a-f]{32}$/);
  });

  it('waits for a participant that is lost between its answer and the fence', () => {
    const driver = new CoordinatorDriver();
    driver.part('c').silent.add('fence');
    driver.run(300);
    expect(condition(driver)).to.equal('the first view needs c:1');
    driver.part('c').wake();
    driver.part('c').lose();
    driver.run(300);
    expect(driver.phase).to.equal('serving');
  });

  it('acts only when every member of the highest view has answered, by store id', () => {
    const driver = restarted(['C', 'C', '']);
    holds(driver.part('b'), 'C', { view: view(3, 'b', 'c'), epoch: epoch(5) });
    driver.part('c').isUp = false;
    driver.run(4000);
    expect(condition(driver)).to.match(/^view 3 needs an answer from c:1/);
    driver.part('c').status = holding('c', '', { empty: true, storeId: 's-new' });
    driver.part('c').isUp = true;
    driver.run(2000);
    expect(condition(driver), 'another store at its address').to.match(/^view 3 needs an answer/);
    driver.part('c').lose();
    holds(driver.part('c'), 'C', { view: view(2, 'a', 'b', 'c') });
    driver.run(2000);
    expect(driver.phase).to.equal('serving');
    expect(driver.epoch.number).to.equal(5 + WITHOUT_LOG_EPOCH_STEP);
    expect(driver.machine.membership.installed?.number).to.be.at.least(3);
  });

  it('asks beyond a view that not all its members know, and prefers the later epoch', () => {
    const driver = restarted(['C', 'C', 'C C']);
    const older = view(6, 'a', 'b');
    const stray = { ...view(7, 'b', 'c'), epoch: epoch(1) };
    const real = { ...view(7, 'a'), epoch: epoch(2) };
    holds(driver.part('a'), 'C C', { view: real, epoch: epoch(2) });
    holds(driver.part('b'), 'C', { view: older, epoch: epoch(2) });
    holds(driver.part('c'), 'C', { view: stray });
    driver.part('a').die();
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.match(/needs an answer from a:1/);
    driver.part('a').isUp = true;
    driver.run(3000);
    expect(driver.machine.membership.latest?.members.map(({ storeId }) => storeId)).to.include(
      's-a',
    );
    expect(driver.machine.core.outcomes.decidedTxid).to.be.at.least(2);
  });

  it('counts as without log when a participant knows another epoch or a higher view', () => {
    for (const changes of [{ epoch: epoch(1, 'other') }, { view: view(4, 'a', 'b', 'c') }]) {
      const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
      holds(driver.part('a'), 'C', changes);
      driver.part('c').isUp = false;
      driver.run(3000);
      expect(driver.phase).to.equal('recovering');
      expect(driver.traced).to.include(
        'a participant knows more than this log: asking all of them',
      );
    }
  });

  it('counts as without log when a higher view turns up only with the fence', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    const b = driver.part('b');
    b.answer = (message) => {
      if (message.type !== 'fence') return null;
      const digest = b.digestAt(b.status.resolved.txid);
      b.status = { ...b.status, digest, view: view(4, 'b', 'c'), epoch: message.epoch };
      return { type: 'fenced', status: b.status };
    };
    driver.part('c').isUp = false;
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.match(/^view 4 needs an answer from c:1/);
    driver.part('c').isUp = true;
    driver.run(1000);
    expect(driver.phase).to.equal('serving');
  });

  it('counts a copied folder as none', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c'), isCopied: true });
    driver.part('c').isUp = false;
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
  });

  it('stops when a member is lost for good after all had answered', () => {
    const driver = restarted(['C', 'C', 'C']);
    driver.part('c').silent.add('fence');
    driver.run(500);
    driver.part('c').die();
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.match(/^view 1 needs c:1/);
  });

  it('stays put when nobody holds everything and nobody is left to ask', () => {
    const driver = restarted(['C', 'C', 'C']);
    for (const part of driver.parts) holds(part, 'C', { fit: false });
    driver.run(500);
    expect(condition(driver)).to.match(/^no member of view 1 holds everything/);
    expect(driver.machine.membership.latest?.number).to.equal(1);
  });

  it('exits when another coordinator is alive', () => {
    const driver = restarted(['C', 'C', 'C']);
    for (const part of driver.parts) holds(part, 'C', { heardMsAgo: 50, heardEpoch: epoch(1) });
    driver.run(900);
    expect(condition(driver)).to.equal('making sure that no other coordinator is alive');
    driver.run(400);
    expect(driver.exit).to.match(/another coordinator \(epoch 1\) is alive/);
    expect(driver.part('a').all('fence'), 'nobody was disturbed').to.deep.equal([]);
  });

  it('takes over once the other one has fallen silent', () => {
    const driver = restarted(['C', 'C', 'C']);
    const start = driver.now;
    for (const part of driver.parts) {
      part.answer = (message) => {
        if (message.type !== 'inquire') return null;
        const heardMsAgo = driver.now - start + 400;
        return { type: 'status', status: { ...part.status, heardMsAgo } };
      };
    }
    driver.run(500);
    expect(driver.phase).to.equal('recovering');
    driver.run(1000);
    expect([driver.phase, driver.exit]).to.deep.equal(['serving', null]);
  });

  it('exits rather than mix two clusters', () => {
    const driver = new CoordinatorDriver();
    holds(driver.part('a'), 'C', { view: view(1, 'a', 'b') });
    holds(driver.part('b'), 'C', { view: view(1, 'a', 'b'), clusterId: 'd'.repeat(32) });
    driver.run(300);
    expect(driver.exit).to.match(/participants of different clusters are configured/);
  });

  it('raises its epoch far above everything that anyone knows', () => {
    const driver = restarted(['C', 'C', 'C']);
    const view = { ...driver.part('b').status.view, epoch: epoch(2000) };
    holds(driver.part('b'), 'C', { epoch: epoch(2041), view, generation: 2 });
    driver.run(300);
    expect(driver.epoch.number).to.equal(2041 + WITHOUT_LOG_EPOCH_STEP);
    expect(driver.adopted?.generation).to.equal(2);
  });
});

describe('coordinator/takeover: by an operator', () => {
  const forced = (words: readonly string[], forcedView: string): CoordinatorDriver =>
    restarted(words, { log: logged(2, 'a', 'b', 'c'), settings: { forcedView } });

  it('takes one store as the truth, under a new generation and a far epoch', () => {
    const driver = forced(['', 'C 1', ''], 'b:1');
    for (const name of ['a', 'c']) driver.part(name).isUp = false;
    driver.run(900);
    expect(driver.phase, 'others are given their time').to.equal('recovering');
    driver.run(500);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'b']);
    expect(driver.adopted?.generation).to.equal(1);
    expect(driver.epoch.number).to.equal(1001);
    const why = 'a member leaves the view: an operator forced a view without it';
    expect(driver.blamed).to.include(`a:1: ${why}`).and.include(`c:1: ${why}`);
    const { outcomes } = driver.machine.core;
    expect(
      [outcomes.get(2)?.commit, outcomes.decidedTxid],
      'what it held is decided',
    ).to.deep.equal([true, 2]);
  });

  it('awaits it by name, exits if it is damaged or not configured', () => {
    const awaited = forced(['', '', ''], 'b:1');
    awaited.part('b').isUp = false;
    awaited.run(3000);
    expect(condition(awaited)).to.equal('the forced view needs an answer from b:1');
    const damaged = forced(['', '', ''], 'b:1');
    holds(damaged.part('b'), 'C', { fit: false });
    damaged.run(1500);
    expect(damaged.exit).to.match(/the store of b:1 is damaged/);
    const unknown = forced(['', '', ''], 'x:9');
    unknown.run(100);
    expect(unknown.exit).to.equal('x:9 is not a configured participant');
  });

  it('waits for its fence', () => {
    const driver = forced(['', 'C', ''], 'b:1');
    driver.part('b').silent.add('fence');
    driver.run(1500);
    expect(driver.phase).to.equal('recovering');
    driver.part('b').wake();
    driver.part('b').lose();
    driver.run(500);
    expect(driver.phase).to.equal('serving');
  });
});
