import { expect } from 'chai';
import fc from 'fast-check';
import { bytesOf } from '../../../src/base/bytes.js';
import { PIECE_BYTES } from '../../../src/base/limits.js';
import type { Read, Reply } from '../../../src/rpc/messages.js';
import { ParticipantDriver, del, kinds, set, view } from './participant-driver.js';

const get = (id: number, ...keys: string[]): Read => ({
  type: 'read',
  id,
  view: 1,
  op: 'get',
  keys,
});

function valueOf(replies: readonly Reply[]): Extract<Reply, { type: 'value' }> {
  const [value] = replies;
  if (value?.type !== 'value' || replies.length !== 1) throw new Error(JSON.stringify(replies));
  return value;
}

/** Reads the rest of a large answer as a coordinator does. */
function pull(driver: ParticipantDriver, link: number, id: number, total: number): Buffer {
  const parts: Buffer[] = [];
  let have = PIECE_BYTES;
  while (have < total) {
    const [part] = driver.ask(link, { type: 'more', id, offset: have });
    if (part?.type !== 'part' || part.offset !== have) throw new Error(JSON.stringify(part));
    expect(part.bytes.length).to.equal(Math.min(PIECE_BYTES, total - have));
    parts.push(part.bytes);
    have += part.bytes.length;
  }
  return Buffer.concat(parts);
}

describe('participant/reads', () => {
  it('tells values, -1 for what is not there, and counts duplicates', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.commit(link, 1, [set('a', '1'), set('empty', '')]);
    const value = valueOf(driver.ask(link, get(7, 'a', 'none', 'empty', 'a')));
    expect([value.id, value.lengths]).to.deep.equal([7, [1, -1, 0, 1]]);
    expect(bytesOf(value.data).toString()).to.equal('11');
    const exists = { ...get(8, 'a', 'a', 'none'), op: 'exists' as const };
    expect(valueOf(driver.ask(link, exists)).count).to.equal(2);
    expect(valueOf(driver.ask(link, { ...get(9), op: 'size' })).count).to.equal(2);
    expect(driver.machine.core.counters.reads).to.equal(3);
  });

  it('tells lengths alone when the values of several clients fill more than a slice', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.commit(link, 1, [set('a', '1'), set('half', 'x'.repeat(PIECE_BYTES / 2))]);
    const all = { ...get(1, 'a', 'half', 'half'), op: 'gets' as const };
    const { lengths, data } = valueOf(driver.ask(link, all));
    expect([lengths, data]).to.deep.equal([[1, PIECE_BYTES / 2, PIECE_BYTES / 2], []]);
    const fits = { ...get(2, 'a', 'half'), op: 'gets' as const };
    expect(bytesOf(valueOf(driver.ask(link, fits)).data)).to.have.length(1 + PIECE_BYTES / 2);
    expect(driver.ask(link, { type: 'more', id: 1, offset: 0 })[0]?.type).to.equal('refused');
  });

  it('sees every commit that came before it on the connection, synced or not', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.commit(link, 1, [set('a', '1')]);
    driver.commit(link, 2, [del('a')]);
    expect(valueOf(driver.ask(link, get(1, 'a'))).lengths).to.deep.equal([-1]);
  });

  const refusals: [what: string, change: (driver: ParticipantDriver) => void, reason: string][] = [
    ['damaged', (driver) => (driver.state.fit = false), 'the store was found damaged'],
    ['no member', (driver) => (driver.state.view = view(1, 'other')), 'not in the view'],
    ['without a view', (driver) => (driver.state.view = null), 'not in the view'],
    ['behind', (driver) => (driver.state.view = view(0, 'store-1')), 'an unknown view'],
  ];
  for (const [what, change, reason] of refusals) {
    it(`does not serve while ${what}`, () => {
      const driver = new ParticipantDriver();
      const link = driver.serving();
      change(driver);
      const answer = driver.ask(link, get(3, 'a'));
      expect(answer).to.deep.equal([{ type: 'unreadable', id: 3, reason }]);
    });
  }

  it('hands out large values in slices, unchanged by writes in between', () => {
    const sizes = fc.array(fc.oneof(fc.nat(10), fc.integer({ min: 1, max: 3 * PIECE_BYTES })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const driver = new ParticipantDriver();
        const link = driver.serving();
        const values = lengths.map((length, index) => Buffer.alloc(length, index + 65));
        const keys = values.map((_, index) => `k${index}`);
        driver.commit(link, 1, [{ op: 'set', pairs: keys.map((key, i) => [key, at(values, i)]) }]);
        const value = valueOf(driver.ask(link, get(1, ...keys)));
        driver.commit(link, 2, [del(...keys)]);
        expect(value.lengths).to.deep.equal(lengths);
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const first = bytesOf(value.data);
        const isWhole = total <= PIECE_BYTES;
        expect(first.length).to.equal(isWhole ? total : PIECE_BYTES);
        const all = Buffer.concat([
          first,
          isWhole ? Buffer.alloc(0) : pull(driver, link, 1, total),
        ]);
        expect(all.equals(Buffer.concat(values))).to.equal(true);
        const after = driver.ask(link, { type: 'more', id: 1, offset: total - 1 });
        expect(kinds(after), 'it is closed').to.deep.equal(['refused protocol']);
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a slice beyond the end, of an unknown read, and of another link', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.commit(link, 1, [set('big', Buffer.alloc(PIECE_BYTES + 1))]);
    driver.ask(link, get(1, 'big'));
    for (const [id, offset] of [
      [1, PIECE_BYTES + 1],
      [2, 0],
    ] as const) {
      const answer = driver.ask(link, { type: 'more', id, offset });
      expect(kinds(answer)).to.deep.equal(['refused protocol']);
    }
    const next = driver.fenced();
    const answer = driver.ask(next, { type: 'more', id: 1, offset: PIECE_BYTES });
    expect(kinds(answer)).to.deep.equal(['refused protocol']);
  });

  it('forgets a large read that is asked for no more', () => {
    const driver = new ParticipantDriver({ settings: { scrubIntervalMs: 10_000_000 } });
    const link = driver.serving();
    driver.commit(link, 1, [set('big', Buffer.alloc(3 * PIECE_BYTES))]);
    driver.ask(link, get(1, 'big'));
    expect(driver.machine.nextTimeoutAt()).to.equal(driver.now + 60_000);
    driver.tick(59_999);
    driver.ask(link, get(2, 'big'));
    driver.ask(link, { type: 'more', id: 1, offset: PIECE_BYTES });
    driver.tick(1);
    const rest = { type: 'more', id: 1, offset: 2 * PIECE_BYTES } as const;
    expect(kinds(driver.ask(link, rest)), 'lately asked for').to.deep.equal(['part']);
    driver.tick(60_000);
    const late = driver.ask(link, { type: 'more', id: 2, offset: PIECE_BYTES });
    expect(driver.machine.nextTimeoutAt()).to.be.greaterThan(driver.now + 60_000);
    expect(kinds(late)).to.deep.equal(['refused protocol']);
  });

  it('bounds the large reads that are open, and forgets them with their link', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.commit(link, 1, [set('big', Buffer.alloc(PIECE_BYTES + 1))]);
    for (let id = 1; id <= 1024; id += 1) driver.ask(link, get(id, 'big'));
    const [refused] = driver.ask(link, get(1025, 'big'));
    const reason = 'too many large reads';
    expect(refused).to.deep.equal({ type: 'unreadable', id: 1025, reason });
    driver.ask(link, { type: 'more', id: 5, offset: PIECE_BYTES });
    expect(kinds(driver.ask(link, get(1026, 'big')))).to.deep.equal(['value']);
    driver.step({ type: 'linkClosed', link });
    const next = driver.fenced();
    expect(kinds(driver.ask(next, get(1, 'big')))).to.deep.equal(['value']);
  });
});

function at(values: readonly Buffer[], index: number): Buffer {
  return values[index] ?? Buffer.alloc(0);
}
