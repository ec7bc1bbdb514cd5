import { expect } from 'chai';
import { type Bytes, bytesOf } from '../../../src/base/bytes.js';
import {
  MAX_STORED_VALUE_BYTES,
  PIECE_BYTES,
  READ_WINDOW_PIECES,
} from '../../../src/base/limits.js';
import type { Reply } from '../../../src/rpc/messages.js';
import { CoordinatorDriver, type Part } from './coordinator-driver.js';

/** The one participant that was asked something, and what; reads are left to the test. */
function asked(driver: CoordinatorDriver): Part[] {
  return driver.parts.filter((part) => part.all('read').length > 0);
}

function silent(options: ConstructorParameters<typeof CoordinatorDriver>[0] = {}) {
  const driver = new CoordinatorDriver(options).serve();
  for (const part of driver.parts) part.silent.add('read').add('more');
  return driver;
}

function value(id: number, lengths: readonly number[], data: readonly Bytes[], count = 0): Reply {
  return { type: 'value', id, count, lengths, data };
}

describe('coordinator/reads', () => {
  it('spreads reads of different sessions, and keeps those of one at one participant', () => {
    const driver = silent();
    for (let session = 1; session <= 6; session += 1) driver.get(session, 'k');
    expect(driver.parts.map((part) => part.all('read').length)).to.deep.equal([2, 2, 2]);
    const other = silent();
    for (let i = 0; i < 5; i += 1) other.get(1, `k${i}`);
    const [only] = asked(other);
    expect(asked(other)).to.have.length(1);
    expect(only?.all('read').map(({ keys }) => keys[0])).to.deep.equal([
      'k0',
      'k1',
      'k2',
      'k3',
      'k4',
    ]);
  });

  it('answers values, counts and what is missing', () => {
    const driver = silent();
    const [get, exists, size] = [
      driver.get(1, 'a', 'b', 'c'),
      driver.request({ type: 'read', command: { op: 'exists', keys: ['a', 'a'] } }),
      driver.request({ type: 'read', command: { op: 'size', keys: [] } }),
    ];
    const [part] = asked(driver);
    part?.say(value(1, [1, -1, 0], [Buffer.from('x'), Buffer.alloc(0)]));
    part?.say(value(2, [], [], 2));
    part?.say(value(3, [], [], 7));
    expect([get, exists, size].map((token) => driver.told(token))).to.deep.equal([
      'values x null ',
      'count 2',
      'count 7',
    ]);
  });

  it('takes values apart that came in one piece, or cut otherwise', () => {
    const [xyz12, xyz, twelve] = ['xyz12', 'xyz', '12'].map((text) => Buffer.from(text));
    for (const data of [['xyz12'], ['xyz', '12'], [xyz12], [xyz, twelve], [xyz, '12']]) {
      const driver = silent();
      const token = driver.get(1, 'a', 'b', 'c', 'd');
      asked(driver)[0]?.say(value(1, [2, -1, 3, 0], data as Bytes[]));
      expect(driver.told(token)).to.equal('values xy null z12 ');
    }
  });

  it('ignores answers to nothing, and those of somebody else', () => {
    const driver = silent();
    const token = driver.get(1, 'a');
    const other = driver.parts.find((part) => part.all('read').length === 0);
    other?.say(value(1, [1], [Buffer.from('x')]));
    other?.say({ type: 'part', id: 1, offset: 0, bytes: Buffer.from('x') });
    other?.say({ type: 'unreadable', id: 1, reason: 'no' });
    asked(driver)[0]?.say(value(99, [1], [Buffer.from('x')]));
    asked(driver)[0]?.say({ type: 'part', id: 1, offset: 0, bytes: Buffer.from('x') });
    expect(driver.told(token)).to.equal('');
    expect(other?.peer.isReady).to.equal(true);
  });

  it('pulls a large answer in slices, with a bounded number asked ahead', () => {
    const driver = silent();
    const token = driver.get(1, 'small', 'big', 'none', 'last');
    const [part] = asked(driver);
    const all = Buffer.alloc(10 * PIECE_BYTES + 33, 'x');
    for (let i = 0; i < all.length; i += 1) all[i] = i % 251;
    const lengths = [7, 10 * PIECE_BYTES, -1, 26];
    part?.say(value(1, lengths, [all.subarray(0, PIECE_BYTES)]));
    let have = PIECE_BYTES;
    for (let asks = 0; have < all.length; asks += 1) {
      const more = part?.all('more') ?? [];
      expect(more.length - asks, 'ahead').to.be.at.most(READ_WINDOW_PIECES);
      expect(more[asks]).to.deep.equal({ type: 'more', id: 1, offset: have });
      const bytes = all.subarray(have, have + PIECE_BYTES);
      part?.say({ type: 'part', id: 1, offset: have, bytes });
      have += bytes.length;
      driver.now += 100;
      driver.step({ type: 'tick' });
    }
    const [small, big, none, last] = driver.values(token);
    const found = bytesOf([small ?? '', big ?? '', last ?? '']);
    expect(found.equals(all)).to.equal(true);
    expect([small?.length, big?.length, none, last?.length]).to.deep.equal([
      7,
      10 * PIECE_BYTES,
      null,
      26,
    ]);
  });

  for (const [what, total, answer] of [
    ['gives progress new time when an answer is large', 3 * PIECE_BYTES, /^$/],
    ['gives progress no new time otherwise', 2 * PIECE_BYTES, /^TRYAGAIN no participant answered/],
  ] as const) {
    it(what, () => {
      const driver = silent({ names: ['a'] });
      const a = driver.part('a');
      const token = driver.get(1, 'k');
      const { id } = a.last('read');
      a.say(value(id, [total], []));
      driver.run(1500);
      a.say({ type: 'part', id, offset: 0, bytes: Buffer.alloc(PIECE_BYTES) });
      driver.run(690);
      expect(driver.told(token)).to.equal('');
      driver.run(20);
      expect(driver.told(token)).to.match(answer);
    });
  }

  it('starts the connection over when slices are out of order, and asks another', () => {
    const driver = silent();
    const token = driver.get(1, 'big');
    const [part] = asked(driver);
    part?.say(value(1, [2 * PIECE_BYTES], [Buffer.alloc(PIECE_BYTES)]));
    part?.say({ type: 'part', id: 1, offset: 5, bytes: Buffer.alloc(10) });
    const again = asked(driver).filter((one) => one !== part);
    expect(again).to.have.length(1);
    expect(driver.told(token)).to.equal('');
    again[0]?.say(value(again[0].last('read').id, [1], [Buffer.from('y')]));
    expect(driver.told(token)).to.equal('values y');
    expect(driver.machine.core.counters.rereads).to.equal(1);
  });

  for (const [what, lengths] of [
    ['has a length that no value has', [2 ** 48 - 1]],
    ['has too many lengths', [1, 1]],
    ['has too few', []],
  ] as const) {
    it(`starts the connection over when an answer ${what}, and asks another`, () => {
      const driver = silent();
      const token = driver.get(1, 'k');
      const [part] = asked(driver);
      part?.say(value(1, lengths, []));
      expect(part?.peer.trouble).to.equal('its answer to a read cannot be true');
      const again = asked(driver).find((one) => one !== part);
      again?.say(value(again.last('read').id, [1], [Buffer.from('y')]));
      expect(driver.told(token)).to.equal('values y');
    });
  }

  it('gives a read up that nobody answers in earnest', () => {
    const driver = new CoordinatorDriver({ names: ['a'] }).serve();
    driver.part('a').answer = (message) =>
      message.type === 'read' ? value(message.id, [2 ** 48 - 1], []) : null;
    const token = driver.get(1, 'k');
    driver.run(5000);
    expect(driver.told(token)).to.match(/^TRYAGAIN/);
  });

  it('refuses an answer that it could not hold', () => {
    const driver = silent({ names: ['a'] });
    const keys = Array.from({ length: 9 }, () => 'large');
    const token = driver.get(1, ...keys);
    driver.part('a').say(
      value(
        1,
        keys.map(() => MAX_STORED_VALUE_BYTES),
        [],
      ),
    );
    expect(driver.told(token)).to.match(/^ERR the answer has 4831838208 bytes; the limit is/);
    expect(driver.part('a').all('more')).to.deep.equal([]);
  });

  it('asks another participant in the order of asking when one is lost', () => {
    const driver = silent();
    const tokens = ['k0', 'k1', 'k2'].map((key) => driver.get(1, key));
    const [first] = asked(driver);
    first?.die();
    const [second] = asked(driver).filter((part) => part !== first);
    const read = second?.last('read');
    expect(read?.keys).to.deep.equal(['k0', 'k1', 'k2']);
    second?.say(value(read?.id ?? 0, [2, 2, 2], [Buffer.from('k0k1k2')]));
    expect(tokens.map((token) => driver.told(token))).to.deep.equal([
      'values k0',
      'values k1',
      'values k2',
    ]);
  });

  it('asks another when one says that it must not be read, and leaves it alone', () => {
    const driver = silent();
    driver.get(1, 'k');
    const [part] = asked(driver);
    part?.say({ type: 'unreadable', id: 1, reason: 'not in the view' });
    expect(asked(driver)).to.have.length(2);
    expect(part?.peer.trouble).to.match(/did not serve a read: not in the view/);
  });

  it('leaves a participant the moment it is suspected', () => {
    const driver = silent();
    driver.get(1, 'k');
    const [part] = asked(driver);
    part?.hang();
    driver.run(1100);
    expect(asked(driver).length).to.be.greaterThan(1);
  });

  it('H15: asks one participant for all that a session reads, also while a member leaves', () => {
    const driver = silent();
    const first = driver.get(1, 'k0');
    const [leaving] = asked(driver);
    if (leaving === undefined) throw new Error('nobody was asked');
    leaving.answer = (message) =>
      message.type === 'prepare' ? leaving.vote(message.txid, 'no', 'disk full') : null;
    for (const part of driver.parts) part.silent.add('view');
    driver.set('k', 'v', 2);
    expect(driver.machine.membership.has(leaving.peer)).to.equal(false);
    const second = driver.get(1, 'k1');
    driver.run(300);
    const others = driver.parts.filter((part) => part !== leaving && part.all('read').length > 0);
    expect(others).to.have.length(1);
    const reads = others[0]?.all('read') ?? [];
    expect(reads.map(({ keys }) => keys)).to.deep.equal([['k0', 'k1']]);
    leaving.say(value(1, [3], [Buffer.from('old')]));
    others[0]?.say(value(reads[0]?.id ?? 0, [2, 2], [Buffer.from('k0k1')]));
    expect([first, second].map((token) => driver.told(token))).to.deep.equal([
      'values k0',
      'values k1',
    ]);
  });

  /** A session reads a large value, of which the beginning has come, and one behind it. */
  function behindLarge() {
    const driver = silent({ settings: { failureTimeoutMs: 5000 } });
    const tokens = ['large', 'small'].map((key) => driver.get(1, key));
    const [part] = asked(driver);
    if (part === undefined) throw new Error('nobody was asked');
    part.say(value(1, [4 * PIECE_BYTES], [Buffer.alloc(PIECE_BYTES)]));
    part.say(value(2, [3], [Buffer.from('old')]));
    /** The next part comes in between, so the large one is not late. */
    const loseAfter = (twiceMs: number): void => {
      driver.run(twiceMs);
      part.say({ type: 'part', id: 1, offset: PIECE_BYTES, bytes: Buffer.alloc(PIECE_BYTES) });
      driver.run(twiceMs);
      part.die();
    };
    return { driver, part, tokens, loseAfter };
  }

  it('H15: forgets an answer behind a read that another member has to answer', () => {
    const { driver, part, tokens, loseAfter } = behindLarge();
    loseAfter(1500);
    const others = driver.parts.filter((one) => one !== part && one.all('read').length > 0);
    expect(others).to.have.length(1);
    for (const { id, keys } of others[0]?.all('read') ?? []) {
      const texts = keys.map((key) => Buffer.from(`new ${key}`));
      others[0]?.say(
        value(
          id,
          texts.map(({ length }) => length),
          texts,
        ),
      );
    }
    expect(tokens.map((token) => driver.told(token))).to.deep.equal([
      'values new large',
      'values new small',
    ]);
  });

  it('gives what is asked again behind a large value its time, and no more', () => {
    const { driver, tokens, loseAfter } = behindLarge();
    loseAfter(2100);
    driver.run(150);
    const told = (): string[] => tokens.map((token) => driver.told(token).split(' ')[0] ?? '');
    expect(told()).to.deep.equal(['TRYAGAIN', '']);
    driver.run(2100);
    expect(told()).to.deep.equal(['TRYAGAIN', 'TRYAGAIN']);
  });

  it('tells an answer once the read before it is given up, at the shutdown too', () => {
    for (const end of [
      (driver: CoordinatorDriver) => driver.run(2300),
      (driver: CoordinatorDriver) => driver.step({ type: 'shutdown' }),
    ]) {
      const { driver, tokens } = behindLarge();
      expect(tokens.map((token) => driver.told(token))).to.deep.equal(['', '']);
      end(driver);
      const [large, small] = tokens.map((token) => driver.told(token));
      expect(large).to.match(/^TRYAGAIN/);
      expect(small).to.equal('values old');
    }
  });

  it('waits for who may come back', () => {
    const driver = silent({ names: ['a'] });
    const part = driver.part('a');
    part.lose();
    const token = driver.get(1, 'k');
    expect(part.all('read')).to.have.length(0);
    driver.run(60);
    part.say(value(part.last('read').id, [1], [Buffer.from('x')]));
    expect(driver.told(token)).to.equal('values x');
  });

  it('gives one up at its time that is never answered, while others are', () => {
    const driver = silent({ names: ['a'] });
    const token = driver.get(1, 'k');
    for (let id = 2; id <= 4; id += 1) {
      const other = driver.get(2, 'k');
      driver.run(730);
      driver.part('a').say(value(id, [1], [Buffer.from('x')]));
      expect(driver.told(other)).to.equal('values x');
    }
    driver.run(50);
    expect(driver.told(token)).to.equal('TRYAGAIN no participant answered this read in time');
  });

  it('keeps later reads behind those that wait', () => {
    const driver = silent({ names: ['a'] });
    driver.part('a').lose();
    for (const key of ['k0', 'k1', 'k2']) driver.get(1, key);
    driver.run(60);
    const [read, ...others] = driver.part('a').all('read');
    expect([read?.keys, others]).to.deep.equal([['k0', 'k1', 'k2'], []]);
  });

  it('answers at once when nobody is left, and at the deadline when somebody might be', () => {
    const driver = silent({ names: ['a', 'b'] });
    for (const part of driver.parts) part.die();
    driver.run(300);
    const early = driver.get(1, 'k');
    expect(driver.told(early)).to.equal('');
    driver.run(1000);
    expect(driver.told(early)).to.match(
      /^TRYAGAIN no participant can be read: waiting for a:1 or b:1/,
    );
    const late = driver.get(1, 'k');
    expect(driver.told(late)).to.match(/^TRYAGAIN/);
  });

  it('answers what waits at its deadline, although its participant is alive', () => {
    const driver = silent({ names: ['a'], settings: { failureTimeoutMs: 2000 } });
    const a = driver.part('a');
    a.silent.add('fence');
    a.lose();
    const token = driver.get(1, 'k');
    for (let i = 0; i < 3; i += 1) {
      driver.run(700);
      a.lose();
      expect(driver.told(token)).to.equal('');
    }
    driver.run(200);
    expect(driver.machine.peers.isSuspected(a.peer)).to.equal(false);
    expect(driver.told(token)).to.match(/no participant can be read: waiting for a:1/);
  });

  it('answers everybody at the shutdown, those that wait too', () => {
    const sent = silent();
    const token = sent.get(1, 'k');
    sent.step({ type: 'shutdown' });
    expect(sent.told(token)).to.match(/shutting down/);
    const driver = silent({ names: ['a'] });
    driver.part('a').silent.add('fence');
    driver.part('a').lose();
    const waiting = driver.get(2, 'k');
    driver.step({ type: 'shutdown' });
    expect(driver.told(waiting)).to.match(/shutting down/);
  });

  it('counts the time of a read from its arrival on', () => {
    const driver = silent();
    const read = { type: 'read', command: { op: 'get', keys: ['k'] } } as const;
    const token = driver.request(read, 1, 1500);
    driver.run(690);
    expect(driver.told(token)).to.equal('');
    driver.run(20);
    expect(driver.told(token)).to.match(/^TRYAGAIN no participant answered/);
  });
});
