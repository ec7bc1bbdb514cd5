/** Members that are not configured any more, that know an older view, that come late. */
import { expect } from 'chai';
import { CoordinatorDriver } from './coordinator-driver.js';
import { condition, holds, logged, restarted } from './restarted.js';
import { epoch, view, viewed } from './statuses.js';

const kindsOf = (driver: CoordinatorDriver): string[] => driver.log.map(({ kind }) => kind);

describe('coordinator/takeover: members on the way', () => {
  it('tells of no abort while a member counts that is not configured any more', () => {
    const abort = { kind: 'abort', epoch: 1, txid: 2 } as const;
    const driver = restarted(['C A', 'C A'], {
      names: ['a', 'b'],
      log: [...logged(1, 'a', 'b', 'z'), abort],
    });
    for (const part of driver.parts) {
      holds(part, 'C A', { view: view(1, 'a', 'b', 'z') });
      part.silent.add('view');
    }
    driver.run(1500);
    for (const part of driver.parts) part.say(viewed(part.last('view').view));
    driver.run(10);
    const status = (): string => driver.told(driver.request({ type: 'txstatus', txid: '1:2' }));
    expect([driver.phase, driver.members, status()]).to.deep.equal(['serving', '(a b)', 'pending']);
    for (const part of driver.parts) part.say(viewed(part.last('view').view));
    expect([driver.members, status()]).to.deep.equal(['a b', 'aborted']);
  });

  it('waits for a member of the view before, if whoever holds everything is new since then', () => {
    const log = [...logged(1, 'a', 'z'), { kind: 'view', view: view(2, 'a', 'b') } as const];
    const driver = restarted(['', 'C', ''], { log });
    holds(driver.part('a'), '', { view: view(1, 'a', 'z') });
    holds(driver.part('b'), 'C', { view: view(2, 'a', 'b') });
    driver.run(300);
    expect(driver.phase).to.equal('recovering');
    driver.run(1000);
    const why = 'it lacks transaction 1, which was committed';
    const awaited = `view 2 was not seen to be stored; needs a:1 (but ${why}) or z:1`;
    expect(condition(driver)).to.equal(awaited);
    expect(driver.traced.filter((text) => text.includes(awaited))).to.have.length(1);
    expect(driver.part('a').all('view'), 'z is asked by who finds a alone').to.deep.equal([]);
  });

  it('shows such a member the view before it is left out, if that leaves out nobody else', () => {
    const log = [...logged(1, 'a'), { kind: 'view', view: view(2, 'a', 'b') } as const];
    const driver = restarted(['1', 'C'], { names: ['a', 'b'], log });
    holds(driver.part('a'), '1', { view: view(1, 'a'), fit: false });
    holds(driver.part('b'), 'C', { view: view(2, 'a', 'b') });
    driver.part('a').silent.add('view').add('catchUp');
    driver.run(300);
    expect(driver.phase).to.equal('recovering');
    const { got } = driver.part('a');
    expect(got.map(({ type }) => type).filter((type) => /view|outcome/.test(type))).to.deep.equal([
      'view',
    ]);
    driver.part('a').say(viewed(view(2)));
    driver.run(100);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'b']);
  });

  it('H9: tells a member the aborts that others know of before the view that leaves them out', () => {
    const leaving = { kind: 'view', view: view(2, 'a') } as const;
    const driver = restarted([], { names: ['a', 'b'], log: [...logged(1, 'a', 'b'), leaving] });
    const met = { epoch: { number: 5, nonce: 'of another one' }, view: view(1, 'a', 'b') };
    holds(driver.part('a'), 'C 1 1', met);
    holds(driver.part('b'), 'C A A', met);
    const a = driver.part('a');
    driver.run(5000);
    const sent = a.got.flatMap((message) => {
      if (message.type === 'outcome') return [`${message.txid} ${message.commit}`];
      return message.type === 'view' ? [`view ${message.view.number}`] : [];
    });
    expect(sent).to.deep.equal(['2 false', '3 false', 'view 3', 'view 4']);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b']);
  });

  it('H6: sends the first view again to a participant that comes back before it has stored it', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] });
    const b = driver.part('b');
    b.silent.add('view');
    driver.run(1000);
    expect([driver.phase, b.all('view').length]).to.deep.equal(['recovering', 1]);
    b.silent.clear();
    b.lose();
    driver.run(2000);
    expect(driver.phase).to.equal('serving');
  });

  it('H9: tells who decides what others know, and shows the view to nobody else', () => {
    const later = view(2, 'a', 'b');
    const driver = restarted([], { names: ['a', 'b', 'c'] });
    const met = { epoch: { number: 5, nonce: 'of another one' } };
    holds(driver.part('a'), 'C 1', { ...met, view: later });
    holds(driver.part('b'), 'C', { ...met, view: view(1, 'a', 'b', 'c') });
    holds(driver.part('c'), 'C C', { ...met, view: view(1, 'a', 'b', 'c') });
    driver.run(8000);
    expect([driver.phase, driver.machine.core.outcomes.get(2)?.commit]).to.deep.equal([
      'serving',
      true,
    ]);
    const views = driver
      .part('b')
      .all('view')
      .map((message) => message.view.number);
    expect(views, 'it lacks what was committed').to.not.include(2);
    const types = driver.part('a').got.map(({ type }) => type);
    expect(types.indexOf('outcome')).to.be.within(1, types.indexOf('view') - 1);
  });

  it('keeps nothing of its log once an operator elsewhere has overridden it, also if it dies then', () => {
    const driver = restarted([''], { names: ['a'], log: logged(5, 'a') });
    const met = { number: 1005, nonce: 'of another one' };
    const other = { epoch: met, view: { ...view(9, 'a'), epoch: met } };
    holds(driver.part('a'), 'C C C', { ...other, generation: 1 });
    driver.isSyncHeld = true;
    driver.run(1500);
    expect([driver.adopted, kindsOf(driver)]).to.deep.equal([null, ['state']]);
    driver.isSyncHeld = false;
    driver.sync();
    driver.run(5000);
    expect([driver.phase, driver.adopted?.generation]).to.deep.equal(['serving', 1]);
  });

  it('does not go on without what its log proves, whoever has been here since', () => {
    const other = { epoch: { number: 5, nonce: 'of another one' } };
    const log = [...logged(2, 'a'), { kind: 'abort', epoch: 1, txid: 3 } as const];
    const driver = restarted([''], { names: ['a'], log });
    holds(driver.part('a'), 'C', { ...other, view: view(1, 'a') });
    driver.run(60_000);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.match(/holds everything \(it lacks transaction 2, which was com/);

    const revised = restarted([''], { names: ['a'], log });
    holds(revised.part('a'), 'C C C', { ...other, view: view(1, 'a') });
    revised.run(5000);
    expect([revised.phase, revised.machine.core.outcomes.decidedTxid]).to.deep.equal([
      'serving',
      3,
    ]);

    const overridden = restarted([''], { names: ['a'], log });
    const later = { number: 1005, nonce: 'of an operator' };
    const forced = { epoch: later, view: { ...view(1, 'a'), epoch: later } };
    holds(overridden.part('a'), 'C', { ...forced, generation: 1 });
    overridden.run(5000);
    expect(overridden.phase, 'an operator has said what counts').to.equal('serving');
  });

  it('begins the epochs of a generation above all that were used, and ends with the last one', () => {
    const settings = { forcedView: 'b:1' };
    const driver = restarted([], { log: logged(2, 'a', 'b', 'c'), settings });
    holds(driver.part('b'), 'C 1', { epoch: epoch(3500) });
    driver.run(1500);
    expect([driver.adopted?.generation, driver.epoch.number]).to.deep.equal([4, 4500]);
    const last = restarted([], { settings: { ...settings, forcedAt: 2 ** 32 - 1 } });
    holds(last.part('b'), 'C 1');
    last.run(1500);
    expect(last.epoch.number).to.equal(1000 * (2 ** 32 - 1));
    const beyond = restarted([], { settings: { ...settings, forcedAt: 2 ** 32 } });
    beyond.run(1500);
    expect(beyond.exit).to.match(/^no generation is left for an override/);
  });

  it('says once what it waits for, however often it looks', () => {
    const driver = restarted(['C', 'C'], { names: ['a', 'b'], log: logged(1, 'a', 'b') });
    holds(driver.part('a'), 'C', { tailFrom: 2 });
    driver.part('b').isUp = false;
    driver.run(60_000);
    const said = driver.traced.filter((text) => text.includes('a log that was cut'));
    expect(said).to.have.length(1);
    expect(condition(driver)).to.match(/a log that was cut/);
  });

  it('calls a member sound whose log was cut, once it lacks nothing that was decided', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    holds(driver.part('a'), 'C', { tailFrom: 2 });
    driver.run(1000);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b c']);
    expect(driver.part('a').all('sound')).to.deep.equal([{ type: 'sound', txid: 1 }]);
    expect(driver.part('b').all('sound')).to.deep.equal([]);
  });

  it('remembers aborts that its log has lost, for a member that comes late', () => {
    const driver = restarted(['C A', 'C A', 'C 1'], { log: logged(1, 'a', 'b', 'c') });
    const c = driver.part('c');
    c.isUp = false;
    driver.run(2000);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', '(a b c)']);
    const { outcomes } = driver.machine.core;
    expect([outcomes.decidedTxid, outcomes.settledTxid]).to.deep.equal([2, 0]);
    expect(driver.log.find(({ kind }) => kind === 'state')).to.deep.include({
      recent: [
        { epoch: 1, txid: 1, commit: true },
        { epoch: 1, txid: 2, commit: false },
      ],
    });
    c.isUp = true;
    driver.run(1000);
    const told = c.all('outcome').map(({ epoch, txid, commit }) => [epoch, txid, commit]);
    expect(told).to.deep.equal([[1, 2, false]]);
  });

  it('counts as settled what its log has lost and all members have ended', () => {
    const driver = restarted(['C A', 'C A'], { names: ['a', 'b'], log: logged(1, 'a', 'b') });
    for (const part of driver.parts) holds(part, 'C A', { view: view(1, 'a', 'b') });
    driver.run(1000);
    const { outcomes } = driver.machine.core;
    expect([outcomes.decidedTxid, outcomes.settledTxid]).to.deep.equal([2, 2]);
    expect(outcomes.get(2)?.commit).to.equal(false);
  });

  it('takes the word of one that is fenced before it was asked, as all is decided', () => {
    const driver = restarted(['C 1', 'C 1', 'C'], { log: logged(1, 'a', 'b') });
    const c = driver.part('c');
    c.isUp = false;
    driver.part('a').silent.add('fence');
    driver.run(500);
    driver.isSyncHeld = true;
    driver.part('a').wake();
    driver.part('a').lose();
    driver.run(100);
    driver.sync();
    driver.run(10);
    expect([driver.phase, driver.log.at(-1)?.kind]).to.deep.equal(['recovering', 'commit']);
    c.isUp = true;
    driver.run(700);
    const asked = c.got.map(({ type }) => type).filter((type) => type.match(/inquire|fence/));
    expect(asked, 'asked only afterwards, and only where that leads').to.deep.equal([
      'fence',
      'inquire',
    ]);
    driver.isSyncHeld = false;
    driver.sync();
    driver.run(300);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b c']);
  });
});
