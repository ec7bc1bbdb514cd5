import { expect } from 'chai';
import { CoordinatorDriver, type DriverOptions, type Part } from './coordinator-driver.js';

/** Nobody votes or answers outcomes by itself. */
function voting(options: DriverOptions = {}): CoordinatorDriver {
  const driver = new CoordinatorDriver(options).serve();
  for (const part of driver.parts) part.silent.add('prepare').add('outcome');
  return driver;
}

function refuse(driver: CoordinatorDriver, txid: number): void {
  for (const part of driver.parts) part.say(part.vote(txid, 'no', 'disk full'));
}

function ended(driver: CoordinatorDriver, ...txids: number[]): void {
  for (const txid of txids) for (const part of driver.parts) part.say(part.end(txid, false));
}

const members = (driver: CoordinatorDriver): [Part, Part, Part] => [
  driver.part('a'),
  driver.part('b'),
  driver.part('c'),
];

const prepares = (part: Part): number[] => part.all('prepare').map(({ txid }) => txid);

const keysOf = (part: Part): string =>
  part
    .last('prepare')
    .payload.map((bytes) => bytes.toString('latin1').replace(/[^k-z]/g, ''))
    .join('');

describe('coordinator/aborts: writes that every member refuses for want of room', () => {
  it('are not begun after several of them, until one has found room', () => {
    const driver = voting();
    for (let txid = 1; txid <= 9; txid += 1) {
      const token = driver.set('k');
      refuse(driver, txid);
      ended(driver, txid);
      expect(driver.told(token)).to.match(/^MISCONF/);
    }
    expect(driver.told(driver.set('k'))).to.match(/^MISCONF not executed: .*: disk full/);
    expect(prepares(driver.part('a'))).to.have.length(9);
    driver.run(60);
    driver.set('k');
    expect(prepares(driver.part('a')), 'finds out').to.have.length(10);
    expect(driver.told(driver.set('l', 'v', 2)), 'meanwhile').to.match(/^MISCONF/);
    for (const part of driver.parts) part.say(part.vote(10, 'yes'));
    driver.set('l', 'v', 3);
    expect(prepares(driver.part('a')), 'there is room').to.have.length(11);
  });
});

describe('coordinator/aborts: commands that were in the way of an abort', () => {
  it('begin anew only when every member has synced their own abort', () => {
    const driver = voting();
    driver.set('k');
    driver.set('l', 'v', 2);
    refuse(driver, 1);
    const [a, b, c] = members(driver);
    ended(driver, 1);
    for (const part of [a, b]) part.say(part.end(2, false));
    expect(prepares(a)).to.deep.equal([1, 2]);
    c.say({ ...c.end(2, false), epoch: 99 } as never);
    expect(prepares(a), 'of another epoch').to.deep.equal([1, 2]);
    c.say(c.end(2, false));
    expect(prepares(a)).to.deep.equal([1, 2, 3]);
    expect(keysOf(a)).to.match(/l/);
  });

  it('begin anew in their old order, whichever abort is synced first', () => {
    const driver = voting();
    for (const key of ['k', 'l', 'm']) driver.set(key);
    refuse(driver, 1);
    ended(driver, 3, 1);
    expect(prepares(driver.part('a'))).to.deep.equal([1, 2, 3]);
    ended(driver, 2);
    expect(keysOf(driver.part('a'))).to.match(/l.*m/);
  });

  it('are not passed by what their client sends later', () => {
    const driver = voting();
    driver.set('k');
    driver.set('l', 'v', 2);
    refuse(driver, 1);
    driver.set('m', 'v', 2);
    ended(driver, 1);
    expect(prepares(driver.part('a'))).to.deep.equal([1, 2]);
    ended(driver, 2);
    expect(prepares(driver.part('a'))).to.deep.equal([1, 2, 3]);
    expect(keysOf(driver.part('a'))).to.match(/l.*m/);
  });

  it('go by their old name at their deadline, and hold up nobody from then on', () => {
    const driver = voting();
    driver.set('k');
    const token = driver.set('l', 'v', 2);
    refuse(driver, 1);
    for (let i = 0; i < 3; i += 1) {
      driver.run(760);
      for (const part of driver.parts) {
        part.say({ type: 'viewed', number: 1, epoch: driver.epoch }); // Its connection works.
      }
    }
    expect(driver.told(token)).to.match(/^UNKNOWN 1:2 may or may not happen; ask TXSTATUS 1:2/);
    driver.set('m', 'v', 3);
    expect(prepares(driver.part('a'))).to.deep.equal([1, 2, 3]);
    expect(keysOf(driver.part('a'))).to.match(/^[^l]*m/);
    ended(driver, 1, 2);
    expect(driver.machine.core.counters.unknowns).to.equal(2);
  });

  it('get no definite error at a shutdown before every member has synced the abort', () => {
    const driver = voting({ settings: { minParticipants: 3 } });
    driver.set('k');
    const token = driver.set('l', 'v', 2);
    const [a, b, c] = members(driver);
    for (const part of [a, b]) for (const txid of [1, 2]) part.say(part.vote(txid, 'yes'));
    c.say(c.vote(1, 'no'));
    expect(driver.log.filter(({ kind }) => kind === 'abort')).to.have.length(2);
    driver.step({ type: 'shutdown' });
    expect(driver.told(token)).to.match(/^UNKNOWN 1:2/);
  });

  it('keep the room that was found for them', () => {
    const driver = voting({ settings: { maxKeys: 2 } });
    for (const part of driver.parts) part.silent.add('ping');
    driver.set('k');
    driver.set('l', 'v', 2);
    refuse(driver, 1);
    ended(driver, 1);
    const [a, b, c] = members(driver);
    for (const part of [a, b]) part.say(part.end(2, false));
    expect(driver.told(driver.set('m', 'v', 3)), 'the room of k').to.equal('');
    expect(driver.told(driver.set('n', 'v', 4))).to.match(/^OOM/);
    c.say(c.end(2, false));
    expect(prepares(a)).to.deep.equal([1, 2, 3]);
    expect(driver.told(driver.set('n', 'v', 4)), 'two are under way').to.match(/^OOM/);
  });

  it('are given up by members that leave: those who stay have synced it', () => {
    const driver = voting();
    driver.set('k');
    const token = driver.set('l', 'v', 2);
    refuse(driver, 1);
    const [a, b, c] = members(driver);
    for (const part of [a, b]) for (const txid of [1, 2]) part.say(part.end(txid, false));
    c.die();
    driver.run(1300);
    expect(driver.members).to.equal('a b');
    for (const part of [a, b]) part.say(part.vote(3, 'yes'));
    expect(driver.told(token)).to.equal('ok');
  });

  it('are not prepared by a member that comes back while their abort is on its way', () => {
    const driver = voting();
    driver.set('k');
    driver.set('l', 'v', 2);
    driver.isSyncHeld = true;
    refuse(driver, 1);
    const c = driver.part('c');
    c.got.length = 0;
    c.lose();
    driver.run(20);
    expect([c.peer.isReady, prepares(c)]).to.deep.equal([true, []]);
    driver.isSyncHeld = false;
    driver.sync();
    expect(c.all('outcome').map(({ txid, commit }) => [txid, commit])).to.deep.equal([
      [1, false],
      [2, false],
    ]);
  });
});
