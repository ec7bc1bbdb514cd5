import { expect } from 'chai';
import { MAX_OPEN_READS, MAX_STORED_VALUE_BYTES, PIECE_BYTES } from '../../../src/base/limits.js';
import type { ReadCommand } from '../../../src/base/store-request.js';
import type { Read, Value } from '../../../src/rpc/messages.js';
import { CoordinatorDriver, type Part } from './coordinator-driver.js';

const PATIENT = { settings: { companionReads: 64 } };

/** Reads are left to the test. */
function silent(options: ConstructorParameters<typeof CoordinatorDriver>[0] = {}) {
  const driver = new CoordinatorDriver({ ...PATIENT, ...options }).serve();
  for (const part of driver.parts) part.silent.add('read').add('more');
  return driver;
}

function asked(driver: CoordinatorDriver): Read[] {
  return driver.parts.flatMap((part) => part.all('read'));
}

function value(id: number, lengths: readonly number[], text = ''): Value {
  return { type: 'value', id, count: 0, lengths, data: text === '' ? [] : [text] };
}

/** One question that these commands share: they wait behind another read at the only member. */
function sharing(...commands: ReadCommand[]): {
  driver: CoordinatorDriver;
  a: Part;
  tokens: number[];
} {
  const driver = silent({ names: ['a'] });
  const a = driver.part('a');
  driver.get(99, 'first');
  const tokens = commands.map((command, index) =>
    driver.request({ type: 'read', command }, index + 1),
  );
  expect(a.all('read'), 'nothing beside one under way').to.have.length(1);
  a.say(value(1, [-1]));
  return { driver, a, tokens };
}

const get = (...keys: string[]): ReadCommand => ({ op: 'get', keys });

describe('coordinator/reads: reads that share a question', () => {
  it('gathers what waits for a member, and gives each its own values', () => {
    const { driver, a, tokens } = sharing(get('a', 'none'), get('b'), get('empty'));
    const { id, op, keys } = a.last('read');
    expect([op, keys]).to.deep.equal(['gets', ['a', 'none', 'b', 'empty']]);
    a.say(value(id, [1, -1, 2, 0], 'xyz'));
    expect(tokens.map((token) => driver.told(token))).to.deep.equal([
      'values x null',
      'values yz',
      'values ',
    ]);
  });

  it('knows an empty value from a missing one where no bytes come', () => {
    const { driver, a, tokens } = sharing(get('empty'), get('none'));
    a.say(value(a.last('read').id, [0, -1]));
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['values ', 'values null']);
  });

  it('asks members that owe nothing at once, and all of them when much waits', () => {
    const driver = silent();
    for (let session = 1; session <= 4; session += 1) driver.get(session, 'k');
    driver.step({ type: 'tick' });
    expect(driver.parts.map((part) => part.all('read').length)).to.deep.equal([1, 1, 1]);
    const few = asked(driver).length;
    for (let session = 5; session <= 67; session += 1) driver.get(session, 'k');
    expect(asked(driver).length).to.be.greaterThan(few);
  });

  it('keeps other commands, and those of many keys, to themselves', () => {
    const many = Array.from({ length: 17 }, (_, index) => `k${index}`);
    const { a } = sharing(get('a'), { op: 'size', keys: [] }, get(...many), get('b'), get('c'));
    expect(
      a
        .all('read')
        .slice(1)
        .map(({ op, keys }) => [op, keys.length]),
    ).to.deep.equal([
      ['get', 1],
      ['size', 0],
      ['get', 17],
      ['gets', 2],
    ]);
  });

  it('asks for each alone when not all fit into one answer', () => {
    const { driver, a, tokens } = sharing(get('small'), get('huge'));
    a.say(value(a.last('read').id, [1, 2 * PIECE_BYTES]));
    const [small, huge] = a.all('read').slice(2);
    expect([small?.keys, huge?.keys]).to.deep.equal([['small'], ['huge']]);
    a.say(value(small?.id ?? 0, [1], 's'));
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['values s', '']);
  });

  it('makes no room for values that have not come', () => {
    const commands = Array.from({ length: 16 }, () => get('huge'));
    for (const text of ['', 'cut']) {
      const { a } = sharing(...commands);
      const before = process.memoryUsage().arrayBuffers;
      const huge = commands.map(() => MAX_STORED_VALUE_BYTES);
      a.say(value(a.last('read').id, huge, text));
      expect(process.memoryUsage().arrayBuffers - before).to.be.below(MAX_STORED_VALUE_BYTES);
    }
  });

  it('H15: asks again for what a session read after it, too', () => {
    const driver = silent({ names: ['a'], settings: { companionReads: 1 } });
    const a = driver.part('a');
    a.lose();
    const huge = [driver.get(1, 'k0'), driver.get(2, 'k1')];
    driver.run(60);
    const later = driver.get(1, 'k2');
    const [shared, second] = a.all('read').slice(-2);
    expect([shared?.keys, second?.keys]).to.deep.equal([['k0', 'k1'], ['k2']]);
    a.say(value(shared?.id ?? 0, [1, 2 * PIECE_BYTES]));
    a.say(value(second?.id ?? 0, [3], 'old'));
    const again = a.all('read').slice(-3);
    expect(again.map(({ keys }) => keys)).to.deep.equal([['k0'], ['k1'], ['k2']]);
    expect([...huge, later].map((token) => driver.told(token))).to.deep.equal(['', '', '']);
    for (const { id } of again) a.say(value(id, [3], 'new'));
    expect([...huge, later].map((token) => driver.told(token))).to.deep.equal(
      Array.from({ length: 3 }, () => 'values new'),
    );
  });

  it('shares less while values are large', () => {
    const { driver, a } = sharing(get('x'));
    a.say(value(a.last('read').id, [PIECE_BYTES / 2], 'x'.repeat(PIECE_BYTES / 2)));
    driver.get(50, 'first');
    for (let session = 51; session <= 55; session += 1) driver.get(session, 'k');
    a.say(value(a.last('read').id, [-1]));
    const shared = a.all('read').slice(-3);
    expect(shared.map(({ keys }) => keys.length)).to.deep.equal([2, 2, 1]);
  });

  it('answers some at their time, and takes nothing of theirs from the answer', () => {
    const driver = silent({ names: ['a'] });
    const a = driver.part('a');
    driver.get(99, 'first');
    const early = driver.request({ type: 'read', command: get('a') }, 1, 1000);
    const late = driver.get(2, 'b');
    a.say(value(1, [-1]));
    driver.run(1300);
    expect(driver.told(early)).to.match(/^TRYAGAIN no participant answered this read in time/);
    a.say(value(a.last('read').id, [1, 1], 'xy'));
    expect(driver.told(late)).to.equal('values y');
  });

  it('says of what waited for a busy member that it was not answered', () => {
    const driver = silent({ names: ['a'] });
    driver.get(1, 'first');
    const token = driver.request({ type: 'read', command: get('second') }, 2, 2000);
    driver.run(210);
    expect(driver.part('a').all('read')).to.have.length(1);
    expect(driver.told(token)).to.equal('TRYAGAIN no participant answered this read in time');
  });

  it('asks no member for more large values at once than it keeps open', function largeValues() {
    this.timeout(60_000);
    const { driver, a } = sharing(get('x'));
    a.say(value(a.last('read').id, [PIECE_BYTES], 'x'.repeat(PIECE_BYTES)));
    const before = a.all('read').length;
    const large = value(0, [PIECE_BYTES], 'x'.repeat(PIECE_BYTES));
    const tokens = Array.from({ length: 3 * MAX_OPEN_READS }, (_, index) =>
      driver.get(1000 + Math.floor(index / 2), 'k'),
    );
    const asked = () => a.all('read').slice(before);
    const open = asked().length;
    expect(open).to.be.within(MAX_OPEN_READS / 4, MAX_OPEN_READS / 2);
    let most = 0;
    for (let all = asked(), done = 0; done < all.length; done += 1, all = asked()) {
      most = Math.max(most, all.length - done);
      a.say({ ...large, id: all[done]?.id ?? 0 });
    }
    expect(most).to.be.at.most(MAX_OPEN_READS / 2);
    expect(tokens.every((token) => driver.values(token).length === 1)).to.equal(true);
  });

  it('starts the connection over when an answer is cut', () => {
    const { a } = sharing(get('a'), get('b'));
    a.say(value(a.last('read').id, [2, 2], 'xyz'));
    expect(a.peer.trouble).to.match(/cut 4 bytes that nobody takes in slices/);
  });
});
