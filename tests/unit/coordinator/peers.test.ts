import { expect } from 'chai';
import type { Refused } from '../../../src/rpc/messages.js';
import { proof, proofText } from '../../../src/rpc/proof.js';
import { CoordinatorDriver, SECRET } from './coordinator-driver.js';
import { epoch, status } from './statuses.js';

function refusal(code: Refused['code'], text: string, of = epoch(0)): Refused {
  return { type: 'refused', code, text, epoch: of };
}

describe('coordinator/peers: connections', () => {
  it('dials again, ever more slowly, until it is answered', () => {
    const driver = new CoordinatorDriver({ names: ['a'] });
    driver.part('a').isUp = false;
    driver.run(5000);
    const { failures } = driver.part('a').peer.data;
    expect(failures).to.be.within(12, 25);
    driver.part('a').isUp = true;
    driver.run(400);
    expect([driver.phase, driver.part('a').peer.data.failures]).to.deep.equal(['serving', 0]);
  });

  it('gives up a handshake that is not answered', () => {
    for (const type of ['hello', 'prove'] as const) {
      const driver = new CoordinatorDriver({ names: ['a'] });
      driver.part('a').silent.add(type);
      driver.run(1900);
      expect(driver.closed).to.deep.equal([]);
      driver.run(200);
      expect(driver.closed).to.have.length(2);
      expect(driver.part('a').peer.trouble).to.equal('the handshake was not answered');
    }
  });

  it('starts over when the other end speaks out of turn', () => {
    const driver = new CoordinatorDriver({ names: ['a'] });
    driver.part('a').silent.add('hello');
    driver.step({ type: 'tick' });
    driver.part('a').say({ type: 'viewed', number: 1, epoch: driver.epoch });
    expect(driver.closed).to.have.length(1);
    const open = new CoordinatorDriver({ names: ['a'] }).serve();
    open.part('a').say({ type: 'welcome', ...welcome() });
    expect(open.part('a').peer.trouble).to.match(/it sent an unexpected welcome/);
  });

  it('asks over the data connection whether it still leads anywhere when heartbeats begin anew', () => {
    const driver = new CoordinatorDriver({ names: ['a'] }).serve();
    const a = driver.part('a');
    const before = a.all('inquire').length;
    driver.step({ type: 'dialClosed', dial: a.heart, reason: 'reset by peer' });
    a.silent.add('inquire');
    driver.run(300);
    expect(a.all('inquire')).to.have.length(before + 1);
    const { data } = a;
    driver.run(2800);
    expect(a.data, 'nobody answered').to.not.equal(data);
  });

  it('asks so too when heartbeats begin later than the data connection: it may be another process', () => {
    const driver = new CoordinatorDriver({ names: ['a'] });
    const a = driver.part('a');
    a.answer = (message) => {
      const isHeart = message.type === 'hello' && message.purpose === 'heartbeat';
      return isHeart ? refusal('protocol', 'not now') : null;
    };
    driver.run(200);
    expect([driver.phase, a.all('inquire').length]).to.deep.equal(['serving', 1]);
    const { data } = a;
    a.answer = () => null;
    a.silent.add('inquire');
    driver.run(700);
    expect(a.all('inquire')).to.have.length(2);
    driver.run(2800);
    expect(a.data, 'nobody answered').to.not.equal(data);
  });

  it('gives up the data connection to a store that is not there any more', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const a = driver.part('a');
    const { data } = a;
    a.silent.add('inquire');
    driver.step({ type: 'dialClosed', dial: a.heart, reason: 'reset by peer' });
    driver.run(300);
    expect(a.data, 'the same store').to.equal(data);
    driver.step({ type: 'dialClosed', dial: a.heart, reason: 'reset by peer' });
    a.status = { ...a.status, storeId: 's-new', view: null, empty: true };
    driver.run(300);
    expect(a.data).to.not.equal(data);
    expect(a.peer.storeId).to.equal('s-new');
  });

  it('ignores whatever belongs to a connection that it has given up', () => {
    const driver = new CoordinatorDriver({ names: ['a'] }).serve();
    const a = driver.part('a');
    const old = a.data;
    a.lose();
    driver.step({ type: 'dialOpened', dial: old });
    driver.step({ type: 'dialReply', dial: old, message: refusal('failed', 'late') });
    driver.step({ type: 'dialClosed', dial: old, reason: 'late' });
    expect(a.peer.trouble).to.equal('reset by peer');
    driver.step({
      type: 'dialReply',
      dial: a.heart,
      message: { type: 'viewed', number: 9, epoch: driver.epoch },
    });
    expect(a.peer.trouble, 'not on this connection').to.equal('reset by peer');
  });

  it('trusts nobody who does not know the secret, or belongs to another cluster', () => {
    for (const [changes, said] of [
      [{ mac: 'wrong' }, /does not know this cluster_secret/],
      [{ clusterId: 'd'.repeat(32) }, /belongs to cluster ddd/],
    ] as const) {
      const driver = new CoordinatorDriver({ names: ['a'], clusterId: 'c'.repeat(32) });
      const a = driver.part('a');
      a.silent.add('hello');
      driver.step({ type: 'tick' });
      expect(JSON.stringify(a.got), 'the secret is never said').to.not.include(SECRET);
      for (let i = 0; i < 2; i += 1) {
        const { nonce } =
          a
            .all('hello')
            .filter(({ purpose }) => purpose === 'data')
            .at(-1) ?? a.last('hello');
        const mac = proof(SECRET, proofText('answering', nonce, 'w'));
        a.say({ type: 'welcome', ...welcome(), mac, ...changes });
        driver.run(1100);
      }
      expect(a.peer.trouble).to.match(said);
      expect(
        driver.traced.filter((line) => said.test(line)),
        'told once',
      ).to.have.length(1);
      expect(a.all('prove')).to.deep.equal([]);
    }
  });

  it('dials slowly after a refusal that only a person can heal, and says so once', () => {
    const driver = new CoordinatorDriver({ names: ['a'] });
    driver.part('a').answer = () => refusal('version', 'another release');
    driver.run(5000);
    expect(driver.part('a').all('hello').length).to.be.within(8, 14);
    const lines = driver.traced.filter((line) => line.includes('another release'));
    expect(lines).to.have.length(1);
    const passing = new CoordinatorDriver({ names: ['a'] });
    passing.part('a').answer = () => refusal('superseded', 'newer');
    passing.run(5000);
    expect(passing.part('a').all('hello').length).to.be.greaterThan(20);
  });
});

describe('coordinator/peers: heartbeats', () => {
  it('pings at its interval, on a connection of its own', () => {
    const driver = new CoordinatorDriver({ names: ['a'] }).serve();
    const before = driver.part('a').all('ping').length;
    driver.run(2000);
    expect(driver.part('a').all('ping').length - before).to.equal(10);
    expect(driver.part('a').heart).to.not.equal(driver.part('a').data);
  });

  it('suspects who is silent, and dials anew after as long again', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const a = driver.part('a');
    const [data, heart] = [a.data, a.heart];
    a.hang();
    driver.run(1050);
    expect(driver.machine.peers.isSuspected(a.peer)).to.equal(true);
    expect(driver.closed).to.not.include(data);
    driver.run(1000);
    expect(driver.closed).to.include.members([data, heart]);
    expect(a.peer.trouble).to.equal('fell silent');
    a.wake();
    driver.run(3000);
    expect(driver.machine.peers.isSuspected(a.peer)).to.equal(false);
    expect(driver.traced).to.include('a participant answers');
  });

  it('suspects a little sooner who was reached before and cannot be reached any more', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b', 'c'] }).serve();
    const [a, b] = [driver.part('a'), driver.part('b')];
    a.hang();
    b.isUp = false;
    const reason = 'reset by peer';
    for (const dial of [b.data, b.heart]) driver.step({ type: 'dialClosed', dial, reason });
    const { peers } = driver.machine;
    const token = driver.set('k');
    driver.run(650);
    expect([a, b].map(({ peer }) => peers.isSuspected(peer))).to.deep.equal([false, false]);
    driver.run(270);
    expect([a, b].map(({ peer }) => peers.isSuspected(peer))).to.deep.equal([false, true]);
    driver.run(100);
    expect([driver.told(token), driver.members]).to.deep.equal(['ok', 'c']);
  });

  it('hangs up only what is open', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const a = driver.part('a');
    const { heart } = a;
    a.hang();
    driver.step({ type: 'dialClosed', dial: a.data, reason: 'reset by peer' });
    driver.run(2100);
    expect(driver.closed).to.include(heart);
    expect(driver.machine.peers.isSuspected(a.peer)).to.equal(true);
  });

  it('suspects who answers heartbeats and nothing else, then starts its connection over', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const a = driver.part('a');
    a.silent.add('prepare').add('catchUp');
    const token = driver.set('k');
    driver.run(1700);
    expect(driver.machine.peers.isSuspected(a.peer)).to.equal(false);
    driver.run(150);
    expect([driver.told(token), driver.members]).to.deep.equal(['ok', 'b']);
    const data = a.data;
    driver.run(1100);
    expect(driver.closed).to.include(data);
    expect(a.peer.trouble).to.equal('answers heartbeats but nothing else');
  });

  it('suspects who answers heartbeats and cannot be fenced, however often it is dialled', () => {
    const driver = new CoordinatorDriver().serve();
    const a = driver.part('a');
    a.silent.add('fence');
    const token = driver.set('k');
    expect(driver.told(token)).to.equal('ok');
    const lose = (): void => {
      driver.step({ type: 'dialClosed', dial: a.data, reason: 'reset by peer' });
    };
    for (let i = 0; i < 3; i += 1) {
      lose();
      driver.run(590);
      expect(driver.machine.peers.isSuspected(a.peer), `${i}`).to.equal(false);
    }
    lose();
    driver.run(100);
    expect(driver.machine.peers.isSuspected(a.peer)).to.equal(true);
    a.wake();
    lose();
    driver.run(500);
    expect(driver.machine.peers.isSuspected(a.peer)).to.equal(false);
  });

  it('blames nobody for its own absence', () => {
    const driver = new CoordinatorDriver().serve();
    const token = driver.set('k');
    driver.now += 5000;
    driver.step({ type: 'tick' });
    driver.run(100);
    expect(
      driver.machine.peers.all.some((peer) => driver.machine.peers.isSuspected(peer)),
    ).to.equal(false);
    expect([driver.told(token), driver.members]).to.deep.equal(['ok', 'a b c']);
    expect(driver.machine.nextTimeoutAt()).to.be.greaterThan(driver.now);
  });

  it('does not ask a participant that is not there', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const a = driver.part('a');
    a.die();
    const { length } = a.got;
    driver.machine.peers.send(a.peer, { type: 'inquire' });
    driver.machine.peers.restart(a.peer, 'again');
    driver.run(300);
    expect(a.got).to.have.length(length);
  });
});

describe('coordinator/peers: another coordinator', () => {
  it('stops for good when a member follows a higher epoch', () => {
    const driver = new CoordinatorDriver().serve();
    driver.part('a').silent.add('prepare');
    const token = driver.set('k');
    driver.part('a').say(refusal('epoch', 'over', epoch(7)));
    expect(driver.exit).to.match(/another coordinator took over \(epoch 7 at a:1, ours is 1\)/);
    expect(driver.told(token)).to.match(/^UNKNOWN/);
    expect(driver.phase).to.equal('stopped');
    driver.part('b').say(refusal('epoch', 'over', epoch(8)));
    expect(driver.exit, 'said once').to.match(/epoch 7/);
  });

  it('gives way to another one of the same number that was first at a member', () => {
    const driver = new CoordinatorDriver().serve();
    driver.part('a').say(refusal('epoch', 'over', epoch(driver.epoch.number, 'other')));
    expect(driver.exit).to.match(/another coordinator took over/);
  });

  it('stops for good when anybody has followed an operator into a newer generation', () => {
    const driver = new CoordinatorDriver().serve();
    const c = driver.part('c');
    c.die();
    driver.set('k');
    driver.run(1300);
    expect(driver.members, 'c is no member').to.equal('a b');
    driver.part('a').silent.add('prepare');
    const token = driver.set('k');
    const text = 'generation 0 was overridden by generation 1';
    c.answer = ({ type }) => (type === 'fence' ? refusal('generation', text, epoch(1001)) : null);
    c.isUp = true;
    driver.run(500);
    expect(driver.exit).to.equal(`an operator forced another view: ${text}, says c:1`);
    expect([driver.phase, driver.told(token)]).to.match(/^stopped,UNKNOWN/);
  });

  it('hears of it from heartbeats too', () => {
    const driver = new CoordinatorDriver().serve();
    const a = driver.part('a');
    const message = a.pong(1, { epoch: epoch(7) });
    driver.step({ type: 'dialReply', dial: a.heart, message });
    expect(driver.exit).to.match(/epoch 7 at a:1/);
  });

  it('does not care what strangers and refusals of other kinds say', () => {
    const driver = new CoordinatorDriver().serve();
    const c = driver.part('c');
    c.die();
    driver.set('k');
    driver.run(1300);
    c.isUp = true;
    c.silent.add('catchUp');
    driver.run(500);
    const message = c.pong(1, { epoch: epoch(7) });
    driver.step({ type: 'dialReply', dial: c.heart, message });
    c.say(refusal('epoch', 'over', epoch(7)));
    driver.part('a').say(refusal('superseded', 'over', epoch(7)));
    driver.part('b').say(refusal('epoch', 'not newer', driver.epoch));
    driver.part('b').say(refusal('epoch', 'older', epoch(0)));
    expect([driver.exit, driver.phase]).to.deep.equal([null, 'serving']);
  });

  it('does not believe who refuses it before the proof', () => {
    for (const answersHello of [true, false]) {
      const driver = new CoordinatorDriver().serve();
      const stranger = driver.part('c');
      const own = epoch(driver.epoch.number + 1, 'stranger');
      stranger.answer = ({ type }) =>
        type === (answersHello ? 'hello' : 'prove') ? refusal('epoch', 'go away', own) : null;
      stranger.lose();
      driver.run(2000);
      expect(driver.exit).to.equal(null);
    }
  });

  it('stops while it recovers, and asks on while it has no epoch of its own', () => {
    const driver = new CoordinatorDriver();
    driver.part('a').silent.add('fence');
    driver.run(300);
    driver.part('a').say(refusal('epoch', 'over', epoch(7)));
    expect(driver.exit).to.match(/epoch 7/);
    const early = new CoordinatorDriver();
    early.part('b').isUp = false;
    early.run(300);
    early.part('a').say(refusal('epoch', 'over', epoch(7)));
    expect(early.exit).to.equal(null);
  });
});

function welcome(): {
  version: number;
  clusterId: string;
  storeId: string;
  nonce: string;
  mac: string;
} {
  return { version: 1, clusterId: '', storeId: status('a').storeId, nonce: 'w', mac: '' };
}
