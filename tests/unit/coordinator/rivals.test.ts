/** Starts beside, after and between other coordinators: what each may take for the truth. */
import { expect } from 'chai';
import type { View } from '../../../src/base/ids.js';
import { WITHOUT_LOG_EPOCH_STEP } from '../../../src/coordinator/inquiry.js';
import type { WalRecord } from '../../../src/wal/record.js';
import type { CoordinatorDriver } from './coordinator-driver.js';
import { condition, holds, logged, restarted } from './restarted.js';
import { epoch, view, viewed } from './statuses.js';

const of = (number: number, made: View): View => ({ ...made, epoch: epoch(number) });
const outcome = (driver: CoordinatorDriver, txid: number): boolean | undefined =>
  driver.machine.core.outcomes.get(txid)?.commit;

describe('coordinator/takeover: views of two coordinators', () => {
  it('prefers the line of the later epoch to a view of its own that nobody knows', () => {
    const own: WalRecord = { kind: 'view', view: view(5, 'a') };
    const driver = restarted(['C', 'C C', 'C C'], { log: [...logged(1, 'a', 'b', 'c'), own] });
    for (const name of ['b', 'c']) {
      holds(driver.part(name), 'C C', { view: of(2, view(2, 'b', 'c')), epoch: epoch(2) });
    }
    driver.run(3000);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'b c a']);
    expect(driver.machine.core.outcomes.decidedTxid).to.equal(2);
    const views = driver.log.flatMap((record) => (record.kind === 'view' ? [record.view] : []));
    const made = views.filter((each) => each.epoch.number === driver.epoch.number);
    const told = made.map(({ number, members }) => `${number}: ${members.length}`);
    expect(told[0], 'of its own epoch, above all that was ever known').to.equal('6: 2');
    expect(driver.machine.membership.latest?.number, 'with who comes back').to.equal(7);
  });

  it('raises its epoch above what a rival left at a participant outside the view', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b') });
    for (const name of ['a', 'b']) {
      holds(driver.part(name), 'C', { view: view(1, 'a', 'b') });
    }
    holds(driver.part('c'), 'C', { epoch: epoch(7, 'rival') });
    driver.part('c').silent.add('inquire');
    driver.run(100);
    driver.part('c').wake();
    driver.run(3000);
    expect(driver.epoch.number).to.equal(7 + WITHOUT_LOG_EPOCH_STEP);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b c']);
  });

  it('hears of another coordinator from heartbeats of a member whose disk is stalled', () => {
    for (const [told, isSaid] of [
      [{ epoch: epoch(2, 'rival') }, true],
      [{ epoch: epoch(1), view: view(2, 'b') }, true],
      [{ epoch: epoch(1) }, false],
    ] as const) {
      const driver = restarted(['C', 'C'], { names: ['a', 'b'], log: logged(1, 'a', 'b') });
      for (const name of ['a', 'b']) holds(driver.part(name), 'C', { view: view(1, 'a', 'b') });
      holds(driver.part('b'), 'C', { view: view(1, 'a', 'b'), ...told });
      driver.part('b').silent.add('inquire').add('fence');
      driver.run(9000);
      expect(driver.phase).to.equal(isSaid ? 'recovering' : 'serving');
      driver.part('b').wake();
      driver.run(5000);
      expect(driver.phase).to.equal('serving');
    }
  });

  it('asks anew where a heartbeat tells of another coordinator while members are bound', () => {
    const driver = restarted(['C', 'C'], { names: ['a', 'b'], log: logged(1, 'a', 'b') });
    for (const name of ['a', 'b']) holds(driver.part(name), 'C', { view: view(1, 'a', 'b') });
    const b = driver.part('b');
    b.silent.add('fence');
    driver.run(300);
    expect(driver.traced).to.include('epoch begins');
    const stranger = { ...b.status, epoch: epoch(7, 'rival') };
    driver.step({ type: 'dialReply', dial: b.heart, message: b.pong(1, { epoch: epoch(0) }) });
    expect(driver.traced).to.not.include('another coordinator went on meanwhile: asking anew');
    b.status = stranger;
    driver.step({ type: 'dialReply', dial: b.heart, message: b.pong(2) });
    expect(driver.traced).to.include('another coordinator went on meanwhile: asking anew');
    b.wake();
    driver.run(5000);
    expect(driver.phase).to.equal('serving');
    expect(driver.epoch.number).to.equal(7 + WITHOUT_LOG_EPOCH_STEP);
  });

  it('takes no notice of heartbeats that tell of a generation before', () => {
    for (const [told, isSaid] of [
      [{ generation: 1 }, false],
      [{ generation: 2 }, true],
      [{ generation: 2, overridden: true }, true],
      [{ generation: 2, epoch: epoch(1999, 'rival') }, false],
      [{ generation: 3 }, true],
    ] as const) {
      const known = of(2000, view(1, 'a', 'b'));
      const log = [...logged(1, 'a', 'b'), { kind: 'view', view: known } as const];
      const driver = restarted(['C', 'C'], { names: ['a', 'b'], log, generation: 2 });
      for (const name of ['a', 'b']) holds(driver.part(name), 'C', { view: known, generation: 2 });
      const b = driver.part('b');
      b.status = { ...b.status, epoch: epoch(2001, 'rival'), ...told };
      b.silent.add('inquire').add('fence');
      driver.run(9000);
      expect(driver.phase).to.equal(isSaid ? 'recovering' : 'serving');
    }
  });

  it('believes a status that takes back the generation of a heartbeat, and asks all members', () => {
    const driver = restarted(['C', 'C'], { names: ['a', 'b'], log: logged(1, 'a', 'b') });
    for (const name of ['a', 'b']) holds(driver.part(name), 'C', { view: view(1, 'a', 'b') });
    const b = driver.part('b');
    b.silent.add('inquire').add('ping');
    driver.run(100);
    const { status } = b;
    b.status = { ...status, generation: 5 };
    driver.step({ type: 'dialReply', dial: b.heart, message: b.pong(1) });
    driver.run(3000);
    expect(condition(driver)).to.equal('a view of generation 5 needs an answer from b:1');
    b.status = status;
    b.silent.clear();
    driver.run(3000);
    expect([driver.phase, driver.machine.core.generation]).to.deep.equal(['serving', 0]);
  });

  it('keeps a generation in mind that an answer told of while it bound or decided', () => {
    for (const silence of ['fence', 'view'] as const) {
      const driver = restarted(['C', 'C', ''], { log: logged(1, 'a', 'b') });
      for (const name of ['a', 'b']) holds(driver.part(name), 'C', { view: view(1, 'a', 'b') });
      driver.part('b').silent.add(silence);
      const c = driver.part('c');
      c.silent.add('inquire').add('ping');
      driver.run(1500);
      expect(driver.epoch.number, silence).to.equal(2);
      c.say({ type: 'status', status: { ...c.status, generation: 5 } });
      expect(driver.traced).to.include('another coordinator went on meanwhile: asking anew');
      driver.run(3000);
      expect(condition(driver)).to.equal('a view of generation 5 needs an answer from c:1');
    }
  });

  it('binds whoever is outside the view only once its members are bound', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b') });
    for (const name of ['a', 'b']) holds(driver.part(name), 'C', { view: view(1, 'a', 'b') });
    driver.part('a').silent.add('fence');
    const fences = (): number => driver.part('c').all('fence').length;
    driver.run(900);
    expect([driver.phase, fences()]).to.deep.equal(['recovering', 0]);
    driver.part('a').wake();
    driver.part('a').lose();
    driver.run(3000);
    expect(fences()).to.equal(1);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b c']);
  });

  it('sends one fence a connection, however often it has to look again', () => {
    const driver = restarted(['C', 'C 1', 'C'], { log: logged(1, 'a', 'b') });
    holds(driver.part('a'), 'C', { view: view(1, 'a', 'b'), tailFrom: 2 });
    driver.part('b').isUp = false;
    driver.part('c').silent.add('fence');
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
    const fences = driver.part('c').all('fence');
    expect(fences).to.have.length(1);
  });

  it('binds a member that turns out to be needed when another one knows less than it said', () => {
    const driver = restarted(['C', 'C', 'C']);
    const [one, two] = [view(1, 'a', 'b', 'c'), view(2, 'a', 'b')];
    for (const name of ['a', 'b']) holds(driver.part(name), 'C', { view: two });
    holds(driver.part('c'), 'C', { view: one });
    const { silent } = driver.part('a');
    silent.add('fence');
    driver.run(1500);
    expect(driver.phase).to.equal('recovering');
    expect(driver.epoch.number).to.equal(1 + WITHOUT_LOG_EPOCH_STEP);
    holds(driver.part('a'), 'C', { view: one });
    silent.delete('fence');
    driver.part('a').lose();
    driver.run(3000);
    expect(driver.part('c').all('fence')).to.have.length(1);
    expect(driver.phase).to.equal('serving');
  });

  it('counts what an operator has overridden as nothing', () => {
    const driver = restarted(['C C C', 'C', '']);
    holds(driver.part('a'), 'C C C', { view: of(9, view(9, 'a')), epoch: epoch(9) });
    const newer = { view: of(1005, view(5, 'b')), epoch: epoch(1005), generation: 1 };
    holds(driver.part('b'), 'C', newer);
    driver.part('c').isUp = false;
    driver.run(3000);
    expect([driver.phase, condition(driver), driver.exit]).to.deep.equal([
      'serving',
      'serving',
      null,
    ]);
    expect(driver.machine.core.outcomes.decidedTxid).to.equal(1);
    expect(driver.traced).to.include('a participant is catching up');
  });

  it('follows an operator into a newer generation that it hears of at the fence', () => {
    const driver = restarted(['C C', 'C C', 'C'], { log: logged(2, 'a', 'b', 'c') });
    const c = driver.part('c');
    c.answer = (message) => {
      if (message.type !== 'fence' || message.generation > 0) return null;
      const number = 1001;
      const forced = {
        view: of(number, view(2, 'c')),
        epoch: epoch(number, 'forced'),
        generation: 1,
      };
      holds(c, 'C', forced);
      return { type: 'refused', code: 'generation', text: 'over', epoch: forced.epoch };
    };
    for (const name of ['a', 'b']) driver.part(name).silent.add('fence').add('catchUp');
    driver.run(3000);
    expect([driver.phase, driver.members, driver.exit]).to.deep.equal(['serving', 'c', null]);
    expect(driver.adopted?.generation).to.equal(1);
  });

  it('asks anew when a participant has promised another epoch since it was asked', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    const a = driver.part('a');
    for (const name of ['b', 'c']) driver.part(name).isUp = false;
    a.answer = (message) => {
      if (message.type !== 'fence' || a.status.epoch.nonce !== 'n1') return null;
      expect(message.expected).to.deep.equal(epoch(1));
      holds(a, 'C', { epoch: epoch(1, 'other') });
      const text = 'promised another';
      return { type: 'refused', code: 'epoch', text, epoch: a.status.epoch };
    };
    driver.run(5000);
    expect(driver.phase, 'b and c may have gone on').to.equal('recovering');
    expect(condition(driver)).to.match(/^view 1 needs an answer from b:1 .*, c:1/);
    for (const name of ['b', 'c']) driver.part(name).isUp = true;
    driver.run(3000);
    expect(driver.phase).to.equal('serving');
  });

  it('keeps its log when a fence of an earlier start of its own comes late', () => {
    const log: WalRecord[] = [...logged(1, 'a', 'b', 'c'), { kind: 'epoch', epoch: epoch(2) }];
    const driver = restarted(['C', 'C', 'C'], { log });
    const a = driver.part('a');
    for (const name of ['b', 'c']) driver.part(name).isUp = false;
    a.answer = (message) => {
      if (message.type !== 'fence' || a.status.epoch.number !== 1) return null;
      holds(a, 'C', { epoch: epoch(2) });
      return { type: 'refused', code: 'epoch', text: 'promised another', epoch: a.status.epoch };
    };
    driver.run(5000);
    expect(a.all('fence').map(({ expected }) => expected)).to.deep.equal([epoch(1), epoch(2)]);
    expect(driver.phase, 'b and c may be left out').to.equal('serving');
  });

  it('fences a participant whose answer comes when all is decided', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    const c = driver.part('c');
    c.isUp = false;
    driver.part('a').silent.add('fence');
    driver.part('b').silent.add('fence');
    driver.run(1500);
    c.silent.add('inquire');
    c.isUp = true;
    driver.run(500);
    for (const name of ['a', 'b']) {
      driver.part(name).wake();
      driver.part(name).lose();
    }
    driver.run(1000);
    expect(driver.phase).to.equal('serving');
    c.wake();
    c.say({ type: 'status', status: c.status });
    driver.run(10);
    expect(c.all('fence')).to.have.length(1);
  });

  it('asks a participant that comes late before it fences it', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    driver.part('c').isUp = false;
    driver.part('b').isUp = false;
    driver.part('a').silent.add('fence');
    driver.run(1500);
    holds(driver.part('c'), 'C', { epoch: epoch(2, 'other') });
    driver.part('c').isUp = true;
    driver.run(600);
    driver.part('a').wake();
    driver.part('a').lose();
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.match(/needs an answer from b:1/);
  });
});

describe('coordinator/takeover: a start without log that dies', () => {
  it('is a start without log again, until it has come to its end', () => {
    const first = restarted(['', '', '']);
    first.part('b').silent.add('fence');
    first.run(1500);
    expect(first.phase).to.equal('recovering');
    const again = restarted(['', '', ''], { log: first.log });
    holds(again.part('a'), '', { epoch: first.epoch });
    for (const name of ['b', 'c']) again.part(name).isUp = false;
    again.run(3000);
    expect(again.phase, 'b and c may have gone on under their old epoch').to.equal('recovering');
    for (const name of ['b', 'c']) again.part(name).isUp = true;
    again.run(2000);
    expect(again.phase).to.equal('serving');
    const third = restarted(['', '', ''], { log: [...first.log, ...again.log] });
    for (const part of third.parts) {
      const { view: last } = again.part(part.name).status;
      holds(part, '', { epoch: again.epoch, view: last });
    }
    third.part('c').isUp = false;
    third.run(3000);
    expect(third.phase, 'it has its log again').to.equal('serving');
  });

  it('is one too if it found out only at the fence', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    holds(driver.part('a'), 'C', { epoch: epoch(2, 'other') });
    driver.part('b').silent.add('fence');
    driver.run(1500);
    const marks = driver.log.flatMap((record) =>
      record.kind === 'epoch' ? [record.withoutLog === true] : [],
    );
    expect(marks).to.deep.equal([true]);
  });

  it('believes no outcome of a log that was outrun', () => {
    const log: WalRecord[] = [...logged(1, 'a', 'b', 'c'), { kind: 'abort', epoch: 1, txid: 2 }];
    const driver = restarted(['', '', ''], { log });
    for (const part of driver.parts) holds(part, 'C 2', { epoch: epoch(2, 'other') });
    driver.run(2000);
    expect(driver.phase).to.equal('serving');
    expect(outcome(driver, 2), '2:2 was acknowledged').to.equal(true);
    const told = driver.part('a').all('outcome');
    expect(told.map(({ epoch: e, txid, commit }) => [e, txid, commit])).to.deep.equal([
      [2, 2, true],
    ]);
  });
});

describe('coordinator/takeover: views that some members never stored', () => {
  const grown = (...more: WalRecord[]): WalRecord[] => [
    ...logged(1, 'a'),
    { kind: 'view', view: view(2, 'a', 'b') },
    ...more,
  ];

  it('does not go on without the members that know only the view before', () => {
    const driver = restarted(['C', 'C', ''], { log: grown() });
    holds(driver.part('a'), 'C', { view: view(1, 'a') });
    holds(driver.part('b'), 'C', { view: view(2, 'a', 'b') });
    driver.part('a').isUp = false;
    driver.part('c').isUp = false;
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.equal('view 2 was not seen to be stored; needs a:1');
    driver.part('a').isUp = true;
    driver.run(500);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b']);
  });

  it('goes on without them once the view is known to have been installed', () => {
    const driver = restarted(['C', 'C', ''], {
      log: grown({ kind: 'view', view: view(2, 'a', 'b') }),
    });
    holds(driver.part('b'), 'C', { view: view(2, 'a', 'b') });
    for (const name of ['a', 'c']) driver.part(name).isUp = false;
    driver.run(3000);
    expect(driver.phase).to.equal('serving');
  });

  it('binds the members of the view before to its epoch, if the newest was not stored by all', () => {
    const driver = restarted(['C', 'C', 'C']);
    holds(driver.part('c'), 'C', { view: view(2, 'a', 'c') });
    driver.part('b').silent.add('fence');
    driver.run(3000);
    expect(condition(driver)).to.match(/^view 2 needs b:1/);
    driver.part('b').wake();
    driver.part('b').lose();
    driver.run(500);
    expect(driver.phase).to.equal('serving');
  });

  it('counts an answer to an older view for nothing', () => {
    const driver = restarted(['C', 'C 1', ''], { log: logged(1, 'a', 'b', 'c') });
    for (const name of ['a', 'c']) driver.part(name).isUp = false;
    driver.part('b').silent.add('view');
    driver.run(1500);
    driver.part('b').say(viewed(view(1)));
    driver.run(100);
    expect([driver.phase, driver.members]).to.deep.equal(['recovering', '(b)']);
    driver.part('b').say(viewed(driver.part('b').last('view').view));
    driver.run(100);
    expect([driver.phase, outcome(driver, 2)]).to.deep.equal(['serving', true]);
  });

  it('remembers what a damaged member said that left on the way', () => {
    const driver = restarted(['C 1', 'C 1', '']);
    holds(driver.part('c'), 'C A', { fit: false });
    driver.run(2000);
    expect([driver.phase, outcome(driver, 2)]).to.deep.equal(['serving', false]);
  });
});
