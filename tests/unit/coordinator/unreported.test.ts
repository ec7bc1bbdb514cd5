import { expect } from 'chai';
import { Unreported } from '../../../src/coordinator/unreported.js';
import { CoordinatorDriver } from './coordinator-driver.js';
import { view } from './statuses.js';

describe('coordinator/unreported', () => {
  it('counts what was begun, down to what a member has reported', () => {
    const unreported = new Unreported();
    const command = { op: 'del', keys: ['k'] } as const;
    const write = { client: null, command, bytes: 10, pairs: 2, deadline: 0 };
    unreported.begun(1, [write, write]);
    unreported.begun(2, [write]);
    expect([unreported.bytes, unreported.pairs]).to.deep.equal([30, 6]);
    unreported.reported(0);
    expect(unreported.pairs).to.equal(6);
    unreported.reported(1);
    expect([unreported.bytes, unreported.pairs]).to.deep.equal([10, 2]);
    unreported.reported(5);
    expect([unreported.bytes, unreported.pairs]).to.deep.equal([0, 0]);
  });

  it('keeps a store within its limits although its members tell their size later', () => {
    const driver = new CoordinatorDriver({ settings: { maxKeys: 2 } }).serve();
    for (const part of driver.parts) part.silent.add('outcome').add('ping');
    expect(driver.told(driver.set('a'))).to.equal('ok');
    expect(driver.told(driver.set('b'))).to.equal('ok');
    expect(driver.told(driver.set('c'))).to.match(/^OOM .*max_keys/);
    driver.part('a').say(driver.part('a').end(2, true));
    expect(driver.told(driver.set('c')), 'one of them replaced a key').to.equal('ok');
  });

  it('takes no notice of a size that was told before another one, and read behind it', () => {
    const driver = new CoordinatorDriver({ names: ['a'], settings: { maxKeys: 1 } }).serve();
    const a = driver.part('a');
    const early = a.pong(1);
    a.status = { ...a.status, keys: 1, bytes: 300 };
    expect(driver.told(driver.set('one'))).to.equal('ok');
    driver.step({ type: 'dialReply', dial: a.heart, message: early });
    expect(driver.told(driver.set('two'))).to.match(/^OOM/);
  });

  it('counts what a member may have to resolve again, should it start anew', () => {
    const driver = new CoordinatorDriver({ names: ['a'], settings: { maxKeys: 1 } }).serve();
    const a = driver.part('a');
    a.silent.add('outcome').add('ping');
    expect(driver.told(driver.set('one'))).to.equal('ok');
    a.say({ ...a.end(1, true), synced: 0, keys: 0 } as never);
    expect(driver.told(driver.set('two'))).to.match(/^OOM/);
    a.say({ ...a.end(1, true), synced: 1, keys: 0 } as never);
    expect(driver.told(driver.set('two')), 'it was a value of an old key').to.equal('ok');
  });

  it('counts what was in doubt at its start until a member has told its size with that', () => {
    const driver = new CoordinatorDriver({ names: ['a'], settings: { maxKeys: 2 } });
    const a = driver.part('a');
    const inDoubt = [{ epoch: 1, txid: 1, crc: 0 }];
    a.status = { ...a.status, view: view(1, 'a'), empty: false, inDoubt, keys: 2 };
    a.silent.add('outcome');
    driver.serve();
    a.status = { ...a.status, keys: 1 };
    driver.run(300);
    expect(driver.told(driver.set('one')), 'its pong knows less').to.match(/^OOM/);
    a.say(a.end(1, true));
    expect(driver.told(driver.set('one')), 'it replaced a key').to.equal('ok');
  });

  it('believes the size of a participant that was refilled from an earlier past', () => {
    const driver = new CoordinatorDriver({ settings: { maxKeys: 5 } }).serve();
    const c = driver.part('c');
    c.die();
    driver.set('one');
    driver.run(1500);
    const far = c.position(90);
    c.status = { ...c.status, resolved: far, synced: 90, keys: 9, view: null };
    c.isUp = true;
    c.wake();
    driver.run(1000);
    expect([driver.members, c.peer.keys]).to.deep.equal(['a b c', 9]);
    c.status = { ...c.status, keys: 1 };
    driver.run(300);
    expect([c.peer.keys, driver.told(driver.set('two'))]).to.deep.equal([1, 'ok']);
  });
});
