import { expect } from 'chai';
import { INLINE_PAYLOAD_BYTES, MAX_IN_FLIGHT } from '../../../src/base/limits.js';
import { CoordinatorDriver } from './coordinator-driver.js';

const status = (driver: CoordinatorDriver, txid: string): string =>
  driver.told(driver.request({ type: 'txstatus', txid }));

describe('coordinator/clients: while it recovers', () => {
  it('holds requests until it serves, then answers them in order', () => {
    const driver = new CoordinatorDriver();
    const tokens = [driver.set('k'), driver.get(1, 'k')];
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['', '']);
    expect(driver.machine.pendingRequests).to.equal(2);
    driver.run(300);
    expect(driver.told(tokens[0] ?? 0)).to.equal('ok');
    expect(driver.told(tokens[1] ?? 0)).to.match(/^values/);
    expect(driver.machine.pendingRequests).to.equal(0);
  });

  it('holds each for its own time, then says what is awaited', () => {
    const driver = new CoordinatorDriver();
    driver.part('c').isUp = false;
    const first = driver.set('k');
    driver.run(1000);
    const second = driver.get(1, 'k');
    driver.run(600);
    expect(driver.told(first)).to.equal(
      'LOADING the coordinator is recovering: the first view needs an answer from c:1',
    );
    expect(driver.told(second)).to.equal('');
    driver.run(1000);
    expect(driver.told(second)).to.match(/^LOADING/);
  });

  it('answers at once when nobody can be reached any more', () => {
    const driver = new CoordinatorDriver();
    for (const part of driver.parts) part.isUp = false;
    driver.run(1400);
    const held = driver.set('k');
    expect(driver.told(held)).to.equal('');
    driver.run(300);
    expect(driver.told(driver.set('k'))).to.match(/^LOADING/);
  });

  it('counts that wait as part of the time of a request', () => {
    const driver = new CoordinatorDriver();
    for (const part of driver.parts) part.silent.add('prepare').add('read');
    driver.part('c').isUp = false;
    const start = driver.now;
    const tokens = [driver.set('k'), driver.get(1, 'k')];
    driver.run(1000);
    driver.part('c').isUp = true;
    driver.run(450);
    expect(driver.phase).to.equal('serving');
    driver.run(start + 2190 - driver.now);
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['', '']);
    driver.run(20);
    const [write, read] = tokens.map((token) => driver.told(token));
    expect(write).to.match(/^UNKNOWN 1:1 may or may not happen/);
    expect(read).to.match(/^TRYAGAIN no participant answered/);
  });

  it('counts what a request waited before the log was read', () => {
    const driver = new CoordinatorDriver();
    driver.part('c').isUp = false;
    const read = { type: 'read', command: { op: 'get', keys: ['k'] } } as const;
    const token = driver.request(read, 1, 1400);
    driver.run(90);
    expect(driver.told(token)).to.equal('');
    driver.run(20);
    expect(driver.told(token)).to.match(/^LOADING/);
  });

  it('bounds what it holds, and answers it at the shutdown', () => {
    const driver = new CoordinatorDriver({ settings: { maxQueuedRequests: 1 } });
    const held = driver.set('k');
    expect(driver.told(driver.set('k'))).to.match(/^LOADING too many requests/);
    driver.step({ type: 'shutdown' });
    expect(driver.told(held)).to.equal('TRYAGAIN the coordinator is shutting down');
    expect(driver.told(driver.get(1, 'k'))).to.equal('ERR the coordinator is shutting down');
  });
});

describe('coordinator/clients: refusals before anything is numbered', () => {
  it('refuses writes when no participant can be reached, naming whom it awaits', () => {
    const driver = new CoordinatorDriver().serve();
    for (const part of driver.parts) part.die();
    driver.run(1100);
    expect(driver.told(driver.set('k'))).to.equal(
      'TRYAGAIN no participant can be reached: waiting for a:1, b:1, c:1',
    );
    expect(driver.machine.core.lastTxid).to.equal(0);
  });

  it('refuses what does not fit, counting what is under way; deleting goes on', () => {
    const driver = new CoordinatorDriver({ settings: { maxMemoryBytes: 2000 } }).serve();
    for (const part of driver.parts) part.silent.add('prepare');
    const value = 'x'.repeat(700);
    const tokens = [driver.set('a', value), driver.set('b', value), driver.set('c', value)];
    expect(driver.told(tokens[2] ?? 0)).to.equal(
      "OOM command not allowed when used memory > 'maxmemory'.",
    );
    expect(driver.told(tokens[1] ?? 0)).to.equal('');
    const del = driver.write({ op: 'del', keys: ['a'] });
    expect(driver.told(del)).to.equal('');
  });

  it('counts what participants say that they hold', () => {
    const driver = new CoordinatorDriver({ settings: { maxKeys: 10 } });
    driver.part('b').status = { ...driver.part('b').status, keys: 9, bytes: 100 };
    driver.serve();
    expect(driver.told(driver.set('a'))).to.equal('ok');
    const two = driver.write({
      op: 'set',
      pairs: [
        ['a', Buffer.alloc(1)],
        ['b', Buffer.alloc(1)],
      ],
    });
    expect(driver.told(two)).to.equal(
      'OOM command not allowed when the number of keys has reached max_keys.',
    );
  });

  it('bounds the requests of all clients together, wherever they are', () => {
    const maxQueuedRequests = MAX_IN_FLIGHT + 4;
    const driver = new CoordinatorDriver({ settings: { maxQueuedRequests } }).serve();
    for (const part of driver.parts) part.silent.add('prepare').add('piece').add('read');
    const inFlight = Array.from({ length: MAX_IN_FLIGHT }, (_, index) => driver.set(`k${index}`));
    const queued = driver.set('queued');
    const staged = driver.set('staged', Buffer.alloc(INLINE_PAYLOAD_BYTES), 2);
    const behind = driver.set('behind', 'v', 2);
    const read = driver.get(3, 'k');
    for (const token of [...inFlight, queued, staged, behind, read]) {
      expect(driver.told(token)).to.equal('');
    }
    expect(driver.machine.pendingRequests).to.equal(maxQueuedRequests);
    expect(driver.told(driver.set('k', 'v', 4))).to.match(/^TRYAGAIN too many requests/);
    expect(driver.told(driver.get(4, 'k'))).to.match(/^TRYAGAIN too many requests/);
    expect(status(driver, '1:1'), 'asks nobody').to.equal('pending');
    const reader = driver.parts.find((part) => part.all('read').length > 0);
    const id = reader?.last('read').id ?? 0;
    reader?.say({ type: 'value', id, count: 0, lengths: [-1], data: [] });
    expect(driver.told(driver.set('k', 'v', 4)), 'there is room again').to.equal('');
    driver.step({ type: 'shutdown' });
    expect(driver.machine.pendingRequests).to.equal(0);
  });
});

describe('coordinator/clients: the fate of a transaction', () => {
  it('tells committed, aborted, pending and forgotten', () => {
    const driver = new CoordinatorDriver().serve();
    driver.set('a');
    for (const part of driver.parts) part.silent.add('prepare').add('outcome');
    driver.set('b');
    expect(status(driver, '1:1')).to.equal('committed');
    expect(status(driver, '1:2')).to.equal('pending');
    expect(status(driver, '1:3'), 'was never begun').to.equal('forgotten');
    expect(status(driver, '0:2'), 'of another epoch').to.equal('forgotten');
    for (const part of driver.parts) part.say(part.vote(2, 'no', 'odd'));
    const [a, ...others] = driver.parts;
    for (const part of others) part.say(part.end(2, false));
    expect(status(driver, '1:2'), 'H9: one member may still be found with it').to.equal('pending');
    a?.say(a.end(2, false));
    expect(status(driver, '1:2')).to.equal('aborted');
    expect(status(driver, '7:1'), 'another bears the number').to.equal('aborted');
  });

  it('tells a commit when it is decided, and an abort when it is synced', () => {
    const driver = new CoordinatorDriver().serve();
    driver.isSyncHeld = true;
    driver.set('a');
    expect(status(driver, '1:1')).to.equal('committed');
    for (const part of driver.parts) part.silent.add('prepare');
    driver.set('b');
    for (const part of driver.parts) part.say(part.vote(2, 'no', 'odd'));
    expect(driver.log.at(-1)?.kind).to.equal('abort');
    expect(status(driver, '1:2')).to.equal('pending');
    driver.sync();
    expect(status(driver, '1:2')).to.equal('aborted');
  });

  it('refuses what is no name', () => {
    const driver = new CoordinatorDriver().serve();
    for (const name of ['', '1', '1:', ':1', '1:2:3', 'a:b', '1:1234567890123456', '-1:2']) {
      expect(status(driver, name), name).to.equal('ERR a transaction is named EPOCH:TXID');
    }
  });
});
