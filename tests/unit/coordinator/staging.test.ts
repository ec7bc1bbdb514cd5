import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import { PIECE_BYTES, PIECE_WINDOW_BYTES } from '../../../src/base/limits.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import { CoordinatorDriver, type Part } from './coordinator-driver.js';
import { status } from './statuses.js';

const LARGE = 6 * 1024 * 1024 + 17;
const large = Buffer.alloc(LARGE, 'x');
/** Staged, and answered in the time of a small one all the same. */
const SMALL = 900 * 1024;

/** Nobody acknowledges a piece but through `take`. */
function uploading(options: ConstructorParameters<typeof CoordinatorDriver>[0] = {}) {
  const driver = new CoordinatorDriver(options).serve();
  for (const part of driver.parts) part.silent.add('piece');
  return driver;
}

const taken = new WeakMap<Part, number>();

/** Acknowledges everything that this participant has been sent, piece by piece. */
function take(part: Part, refusal = ''): void {
  for (let seen = taken.get(part) ?? 0; seen < part.all('piece').length; seen += 1) {
    taken.set(part, seen + 1);
    const { stage, offset, bytes } = part.last('piece');
    part.say({ type: 'pieced', stage, have: offset + bytes.length, refusal });
  }
}

describe('coordinator/staging', () => {
  it('sends a large value in pieces, then prepares it by name at all members', () => {
    const driver = new CoordinatorDriver().serve();
    const token = driver.set('k', large);
    expect(driver.told(token)).to.equal('ok');
    const payload = encodeCommands([{ op: 'set', pairs: [['k', large]] }]);
    for (const part of driver.parts) {
      const pieces = part.all('piece');
      expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(payload)).to.equal(true);
      expect(pieces.slice(0, -1).every(({ bytes }) => bytes.length === PIECE_BYTES)).to.equal(true);
      const { stage, length, crc } = part.last('prepare');
      expect([stage, length, crc]).to.deep.equal([
        pieces[0]?.stage,
        payload.length,
        crc32(payload),
      ]);
      expect(part.last('prepare').payload).to.deep.equal([]);
    }
  });

  it('sends no more ahead than its window', () => {
    const driver = uploading();
    driver.set('k', large);
    const { length } = driver.part('a').all('piece');
    expect(length).to.equal(PIECE_WINDOW_BYTES / PIECE_BYTES);
    const { stage } = driver.part('a').last('piece');
    driver.part('a').say({ type: 'pieced', stage, have: 2 * PIECE_BYTES, refusal: '' });
    expect(driver.part('a').all('piece')).to.have.length(length + 2);
    expect(driver.part('b').all('piece')).to.have.length(length);
  });

  it('prepares only when every member holds all of it', () => {
    const driver = uploading();
    driver.set('k', large);
    take(driver.part('a'));
    take(driver.part('b'));
    expect(driver.part('a').all('prepare')).to.deep.equal([]);
    take(driver.part('c'));
    expect(driver.part('a').all('prepare')).to.have.length(1);
    driver.part('c').say({ type: 'pieced', stage: 'gone', have: 1, refusal: '' });
    driver
      .part('c')
      .say({ type: 'pieced', stage: driver.part('c').last('piece').stage, have: 1, refusal: '' });
    expect(driver.part('c').all('prepare')).to.have.length(1);
  });

  it('prepares a small batch beside a large value that is voted on', () => {
    const driver = uploading({ settings: { companionCommands: 64 } });
    for (const part of driver.parts) part.silent.add('prepare');
    driver.set('k', large);
    for (const part of driver.parts) take(part);
    driver.set('beside', 'x', 2);
    driver.set('later', 'x', 3);
    for (const part of driver.parts) expect(part.all('prepare')).to.have.length(2);
  });

  it('keeps a session’s order behind its upload, and other sessions going', () => {
    const driver = uploading();
    const tokens = [
      driver.set('k', large),
      driver.set('k', '2'),
      driver.set('k', large),
      driver.set('k', '4'),
    ];
    const other = driver.set('o', 'x', 2);
    expect(driver.told(other), 'in between').to.equal('ok');
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['', '', '', '']);
    for (const part of driver.parts) take(part);
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['ok', 'ok', '', '']);
    for (const part of driver.parts) take(part);
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['ok', 'ok', 'ok', 'ok']);
    expect(driver.machine.pendingRequests).to.equal(0);
  });

  it('carries two uploads at once; the next waits, and gives up at its time', () => {
    const driver = uploading();
    const tokens = [1, 2, 3].map((session) => driver.set(`k${session}`, large, session));
    expect(
      new Set(
        driver
          .part('a')
          .all('piece')
          .map(({ stage }) => stage),
      ).size,
    ).to.equal(2);
    expect(driver.machine.pendingRequests).to.equal(3);
    driver.run(1500);
    for (const stage of ['1.1', '1.2']) {
      driver.part('a').say({ type: 'pieced', stage, have: PIECE_BYTES, refusal: '' });
    }
    driver.run(800);
    const last = 'TRYAGAIN not executed: other large values were in the way';
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['', '', last]);
    driver.run(1500);
    const late = 'TRYAGAIN not executed: the value could not be sent in time';
    expect(tokens.map((token) => driver.told(token))).to.deep.equal([late, late, last]);
    expect(driver.part('a').all('unstage')).to.have.length(2);
  });

  it('gives progress new time', () => {
    const driver = uploading();
    const token = driver.set('k', large);
    for (let i = 0; i < 5; i += 1) {
      driver.run(1000);
      for (const part of driver.parts) {
        const { stage } = part.last('piece');
        part.say({ type: 'pieced', stage, have: (i + 1) * PIECE_BYTES, refusal: '' });
      }
    }
    expect(driver.told(token)).to.equal('');
    for (const part of driver.parts) take(part);
    expect(driver.told(token)).to.equal('ok');
  });

  it('gives no new time to what is not large', () => {
    const driver = uploading();
    const token = driver.set('k', Buffer.alloc(SMALL));
    driver.run(1500);
    for (const part of driver.parts) {
      const { stage } = part.last('piece');
      part.say({ type: 'pieced', stage, have: PIECE_BYTES, refusal: '' });
    }
    driver.run(690);
    expect(driver.told(token)).to.equal('');
    driver.run(20);
    expect(driver.told(token)).to.match(/^TRYAGAIN not executed: the value could not be sent/);
  });

  for (const [what, isHeard, answer] of [
    ['commits', true, /^ok$/],
    ['answers that it cannot know', false, /^UNKNOWN 1:1 may or may not happen/],
  ] as const) {
    it(`${what} within a moment when its time is up and a silent member must leave`, () => {
      const driver = uploading();
      const token = driver.set('k', Buffer.alloc(SMALL));
      driver.part('c').hang();
      take(driver.part('a'));
      take(driver.part('b'));
      if (!isHeard) driver.part('a').silent.add('view');
      driver.run(2190);
      expect(driver.told(token)).to.equal('');
      driver.run(220);
      expect(driver.told(token)).to.match(answer);
    });
  }

  it('starts at what a member has when its connection is new', () => {
    const driver = uploading();
    const token = driver.set('k', large);
    for (const part of driver.parts) take(part);
    expect(driver.told(token)).to.equal('ok');
    const second = driver.set('k', large);
    const part = driver.part('a');
    part.lose();
    driver.run(60);
    const { stage } = part.last('piece');
    const have = 3 * PIECE_BYTES;
    part.say({ type: 'pieced', stage, have, refusal: '' });
    part.say({ type: 'pieced', stage, have: 0, refusal: '' });
    expect(part.all('piece').at(-8)?.offset, 'it starts over').to.equal(0);
    for (const each of driver.parts) take(each);
    expect(driver.told(second)).to.equal('ok');
  });

  for (const [refusal, said] of [
    ['memory', /^OOM command not allowed/],
    ['disk full', /^MISCONF not executed: every participant refused: disk full/],
  ] as const) {
    it(`fails when every participant refuses: ${refusal}`, () => {
      const driver = uploading();
      const token = driver.set('k', large);
      const behind = driver.set('k', 'v');
      for (const part of driver.parts) take(part, refusal);
      expect(driver.told(token)).to.match(said);
      expect(driver.told(behind)).to.equal('ok');
      expect(driver.members).to.equal('a b c');
    });
  }

  it('sends no more large values to full disks after several, but for one now and then', () => {
    const driver = uploading();
    for (let count = 0; count < 9; count += 1) {
      const token = driver.set('k', Buffer.alloc(SMALL));
      for (const part of driver.parts) take(part, 'disk full');
      expect(driver.told(token)).to.match(/^MISCONF/);
    }
    const pieces = driver.part('a').all('piece').length;
    const token = driver.set('k', Buffer.alloc(SMALL));
    expect(driver.told(token)).to.match(/^MISCONF not executed: every participant refused: disk/);
    expect(driver.part('a').all('piece')).to.have.length(pieces);
    driver.run(60);
    driver.set('k', Buffer.alloc(SMALL));
    expect(driver.part('a').all('piece').length).to.be.greaterThan(pieces);
  });

  it('takes no answer of a member after its refusal: it is about what was on its way', () => {
    const driver = uploading();
    const token = driver.set('k', large);
    const { stage } = driver.part('a').last('piece');
    const { length } = driver.part('a').all('piece');
    for (const part of driver.parts) {
      part.say({ type: 'pieced', stage, have: PIECE_BYTES, refusal: 'disk full' });
      part.say({ type: 'pieced', stage, have: 0, refusal: '' });
    }
    expect(driver.told(token)).to.match(/^MISCONF/);
    expect(driver.part('a').all('piece')).to.have.length(length);
  });

  it('says that disks are full if any member does', () => {
    const driver = uploading();
    const token = driver.set('k', large);
    for (const part of driver.parts) take(part, part.name === 'c' ? 'disk full' : 'memory');
    expect(driver.told(token)).to.match(/^MISCONF/);
  });

  it('goes on without a member that alone refuses', () => {
    const driver = uploading();
    const token = driver.set('k', large);
    for (const part of driver.parts) take(part, part.name === 'c' ? 'disk full' : '');
    expect(driver.told(token)).to.equal('ok');
    expect(driver.members.startsWith('a b')).to.equal(true);
  });

  it('goes on without a member that alone refuses, also if that was the last piece', () => {
    const driver = uploading({ names: ['a', 'b'] });
    const token = driver.set('k', large);
    const b = driver.part('b');
    while (b.last('piece').bytes.length === PIECE_BYTES) {
      const { stage, offset } = b.last('piece');
      b.say({ type: 'pieced', stage, have: offset, refusal: '' });
    }
    take(b, 'disk full');
    take(driver.part('a'));
    driver.run(50);
    expect(driver.told(token)).to.equal('ok');
  });

  it('does not let the last one that answers go for one that held all of it', () => {
    const driver = uploading({ names: ['a', 'b'] });
    const token = driver.set('k', large);
    take(driver.part('a'));
    driver.part('a').hang();
    driver.run(1100);
    expect(driver.machine.peers.isSuspected(driver.part('a').peer)).to.equal(true);
    take(driver.part('b'), 'disk full');
    expect(driver.machine.membership.latest?.members.map(({ address }) => address)).to.include(
      'b:1',
    );
    expect(driver.told(token)).to.equal('');
  });

  it('goes on without a member that fell silent, at the latest at its time', () => {
    const driver = uploading();
    const token = driver.set('k', large);
    driver.part('c').hang();
    take(driver.part('a'));
    take(driver.part('b'));
    expect(driver.told(token)).to.equal('');
    driver.run(2600);
    expect(driver.told(token)).to.equal('ok');
    expect(driver.members).to.equal('a b');
  });

  it('sends nothing more to one that left the view', () => {
    const driver = uploading();
    driver.set('k', large);
    const c = driver.part('c');
    c.answer = (message) =>
      message.type === 'prepare' ? c.vote(message.txid, 'no', 'disk full') : null;
    for (const part of driver.parts) part.silent.add('view');
    driver.set('o', 'v', 2);
    expect(driver.machine.membership.has(c.peer)).to.equal(false);
    const { length } = c.all('piece');
    c.say({ type: 'pieced', stage: c.last('piece').stage, have: PIECE_BYTES, refusal: '' });
    expect(c.all('piece')).to.have.length(length);
  });

  it('fails at its time while a member is on its way back', () => {
    const driver = uploading({ settings: { failureTimeoutMs: 5000 } });
    driver.part('c').die();
    const token = driver.set('k', Buffer.alloc(SMALL));
    take(driver.part('a'));
    take(driver.part('b'));
    driver.run(2300);
    expect(driver.told(token)).to.match(/^TRYAGAIN not executed: the value could not be sent/);
    expect(driver.members).to.equal('a b c');
  });

  it('goes on without a member in whose place another store answers', () => {
    const driver = uploading();
    const c = driver.part('c');
    c.die();
    const token = driver.set('k', Buffer.alloc(SMALL));
    c.status = status('c', { storeId: 's-new', empty: true });
    c.silent.add('prove');
    c.isUp = true;
    for (; c.peer.storeId !== 's-new'; driver.now += 1) driver.step({ type: 'tick' });
    for (const name of ['a', 'b']) take(driver.part(name));
    expect(driver.told(token), 'the old one is a member still').to.equal('');
    driver.run(1);
    expect([driver.told(token), driver.members]).to.deep.equal(['ok', 'a b']);
  });

  it('fails at its time while the view that it needs cannot be found from the one before', () => {
    const driver = uploading({ names: ['a', 'b'] });
    const [a, b] = [driver.part('a'), driver.part('b')];
    b.die();
    driver.set('o', 'v', 2);
    driver.run(1300);
    expect(driver.members).to.equal('a');
    a.silent.add('view');
    b.isUp = true;
    driver.run(500);
    expect(driver.members, 'not stored at a').to.equal('(a b)');
    const token = driver.set('k', Buffer.alloc(SMALL));
    take(b);
    a.hang();
    driver.run(2300);
    expect(driver.machine.peers.isSuspected(a.peer)).to.equal(true);
    expect(driver.told(token)).to.match(/^TRYAGAIN not executed: the value could not be sent/);
    expect(driver.members).to.equal('(a b)');
  });

  it('answers at the shutdown, uploads, what waits, and what is held behind them', () => {
    const driver = uploading();
    const tokens = [1, 2, 3].map((session) => driver.set('k', large, session));
    tokens.push(driver.set('k', 'v', 1), driver.set('k', large, 3));
    driver.step({ type: 'shutdown' });
    for (const token of tokens) {
      expect(driver.told(token)).to.equal(
        'TRYAGAIN not executed: the coordinator is shutting down',
      );
    }
  });

  it('answers what was held too long behind an upload', () => {
    const driver = uploading();
    driver.set('k', large);
    const held = driver.set('k', 'v');
    for (let i = 0; i < 3; i += 1) {
      driver.run(900);
      for (const part of driver.parts) {
        const { stage } = part.last('piece');
        part.say({ type: 'pieced', stage, have: (i + 1) * PIECE_BYTES, refusal: '' });
      }
    }
    expect(driver.told(held)).to.equal('TRYAGAIN not executed: a large value was in the way');
  });

  it('sends everything to a member that is admitted in between', () => {
    const driver = uploading();
    driver.part('c').die();
    driver.run(1200);
    driver.set('w', 'v');
    expect(driver.members).to.equal('a b');
    const token = driver.set('k', large);
    driver.part('c').isUp = true;
    driver.run(1500);
    expect(driver.members).to.equal('a b c');
    for (const part of driver.parts) take(part);
    expect(driver.told(token)).to.equal('ok');
  });
});
