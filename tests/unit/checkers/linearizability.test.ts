/** Histories whose verdict is known, each with the name of what it shows. */
import { expect } from 'chai';
import { isLinearizable, MAX_OPERATIONS } from '../../checkers/brute-force.js';
import { HistoryError } from '../../checkers/compiled-history.js';
import type { Operation } from '../../checkers/history.js';
import { checkLinearizable } from '../../checkers/linearizability.js';
import { del, exists, get, HistoryWriter, set } from './histories.js';

/** Throws unless both checkers agree. */
function verdict(operations: readonly Operation[]): boolean | null {
  const { ok } = checkLinearizable(operations);
  if (operations.length <= MAX_OPERATIONS) expect(isLinearizable(operations)).to.equal(ok);
  return ok;
}

const legal: Readonly<Record<string, HistoryWriter>> = {
  'nothing at all': new HistoryWriter(),
  'a read of a key that was never set': new HistoryWriter().ok(1, 0, 1, get({ a: null })),
  'a read beside a write shows the old value': new HistoryWriter()
    .ok(1, 0, 10, set({ a: '1' }))
    .ok(2, 1, 2, get({ a: null })),
  'a read beside a write shows the new value': new HistoryWriter()
    .ok(1, 0, 10, set({ a: '1' }))
    .ok(2, 1, 2, get({ a: '1' })),
  'times that are equal overlap': new HistoryWriter()
    .ok(1, 0, 5, set({ a: '1' }))
    .ok(2, 5, 6, get({ a: null })),
  'an unknown write that takes effect late': new HistoryWriter()
    .unknown(1, 0, set({ a: '1' }))
    .ok(2, 1, 2, get({ a: null }))
    .ok(2, 3, 4, set({ a: '2' }))
    .ok(2, 5, 6, get({ a: '2' }))
    .ok(2, 7, 8, get({ a: '1' })),
  'an unknown write that never takes effect': new HistoryWriter()
    .unknown(1, 0, set({ a: '1' }))
    .ok(2, 1, 2, get({ a: null }))
    .ok(2, 3, 4, get({ a: null })),
  'an unknown write that only a count can see': new HistoryWriter()
    .unknown(1, 0, set({ a: '1' }))
    .ok(2, 1, 2, exists(['a'], 1))
    .ok(2, 3, 4, del(['a'], 1)),
  'an unknown delete that takes effect late': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .unknown(2, 2, del(['a'], null))
    .ok(1, 3, 4, get({ a: '1' }))
    .ok(1, 5, 6, get({ a: null })),
  'a failed write that nobody saw': new HistoryWriter()
    .failed(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 3, get({ a: null })),
  'an unknown write that need not keep to its session': new HistoryWriter()
    .unknown(1, 0, set({ a: '1' }))
    .ok(1, 1, 2, set({ a: '2' }))
    .ok(2, 3, 4, get({ a: '1' })),
  'a key that is counted twice by EXISTS and once by DEL': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 3, exists(['a', 'a'], 2))
    .ok(1, 4, 5, del(['a', 'a'], 1)),
  'a DEL of two keys that finds the one that is there': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 3, del(['a', 'b'], 1))
    .ok(1, 4, 5, exists(['a', 'b'], 0)),
  'a value written twice': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 3, set({ a: '2' }))
    .ok(1, 4, 5, set({ a: '1' }))
    .ok(2, 6, 7, get({ a: '1' })),
  'pipelined requests that a reader sees in order': new HistoryWriter()
    .ok(1, 0, 10, set({ a: '1' }))
    .ok(1, 1, 11, set({ b: '1' }))
    .ok(2, 2, 3, get({ a: '1' }))
    .ok(2, 4, 5, get({ b: null })),
};

const illegal: Readonly<Record<string, HistoryWriter>> = {
  'a stale read': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 3, set({ a: '2' }))
    .ok(2, 4, 5, get({ a: '1' })),
  'a lost write': new HistoryWriter().ok(1, 0, 1, set({ a: '1' })).ok(2, 2, 3, get({ a: null })),
  'a value that nobody wrote': new HistoryWriter().ok(1, 0, 1, get({ a: '1' })),
  'a read before the write': new HistoryWriter()
    .ok(1, 0, 1, get({ a: '1' }))
    .ok(2, 2, 3, set({ a: '1' })),
  'a read of a failed write': new HistoryWriter()
    .failed(1, 0, 1, set({ a: '1' }))
    .ok(2, 2, 3, get({ a: '1' })),
  'a failed DEL that took effect': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .failed(1, 2, 3, del(['a'], null))
    .ok(2, 4, 5, get({ a: null })),
  'an MSET of which an MGET sees half': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1', b: '1' }))
    .ok(1, 2, 9, set({ a: '2', b: '2' }))
    .ok(2, 3, 4, get({ a: '2', b: '1' })),
  'an unknown MSET of which an MGET sees half': new HistoryWriter()
    .unknown(1, 2, set({ a: '2', b: '2' }))
    .ok(2, 3, 4, get({ a: '2', b: null })),
  'an MSET of which two GETs see half': new HistoryWriter()
    .ok(1, 0, 9, set({ a: '1', b: '1' }))
    .ok(2, 1, 2, get({ a: '1' }))
    .ok(2, 3, 4, get({ b: null })),
  'a key that is back after DEL': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 3, del(['a'], 1))
    .ok(2, 4, 5, get({ a: '1' })),
  'a DEL that counts too many': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 3, del(['a', 'b'], 2)),
  'a DEL that counts too few': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1', b: '1' }))
    .ok(1, 2, 3, del(['a', 'b'], 1)),
  'two DELs that both find the key': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 9, del(['a'], 1))
    .ok(2, 2, 9, del(['a'], 1)),
  'an EXISTS that finds a deleted key': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 3, del(['a'], 1))
    .ok(1, 4, 5, exists(['a'], 1)),
  'the new value and then the old one': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '1' }))
    .ok(1, 2, 20, set({ a: '2' }))
    .ok(2, 3, 4, get({ a: '2' }))
    .ok(3, 5, 6, get({ a: '1' })),
  'two readers that see two writes in two orders': new HistoryWriter()
    .ok(1, 0, 20, set({ a: '1' }))
    .ok(2, 0, 20, set({ a: '2' }))
    .ok(3, 1, 2, get({ a: '1' }))
    .ok(3, 3, 4, get({ a: '2' }))
    .ok(3, 5, 6, get({ a: '1' })),
  'pipelined writes of one key the wrong way round': new HistoryWriter()
    .ok(1, 0, 10, set({ a: '1' }))
    .ok(1, 1, 11, set({ a: '2' }))
    .ok(2, 12, 13, get({ a: '1' })),
  'a pipelined read that does not see the write before it': new HistoryWriter()
    .ok(1, 0, 10, set({ a: '1' }))
    .ok(1, 1, 11, get({ a: null })),
  'a pipelined read that sees the write behind it': new HistoryWriter()
    .ok(1, 0, 10, get({ a: '1' }))
    .ok(1, 1, 11, set({ a: '1' })),
  'pipelined writes of two keys the wrong way round': new HistoryWriter()
    .ok(1, 0, 10, set({ a: '1' }))
    .ok(1, 1, 11, set({ b: '1' }))
    .ok(2, 2, 3, get({ b: '1' }))
    .ok(2, 4, 5, get({ a: null })),
  'two pipelines that each see the other too late': new HistoryWriter()
    .ok(1, 0, 10, set({ a: '1' }))
    .ok(1, 1, 11, get({ b: null }))
    .ok(2, 0, 10, set({ b: '1' }))
    .ok(2, 1, 11, get({ a: null })),
  'an unknown write that takes effect twice': new HistoryWriter()
    .unknown(1, 0, set({ a: '1' }))
    .ok(2, 1, 2, get({ a: '1' }))
    .ok(2, 3, 4, set({ a: '2' }))
    .ok(2, 5, 6, get({ a: '2' }))
    .ok(2, 7, 8, get({ a: '1' })),
  'an unknown DEL that takes effect twice': new HistoryWriter()
    .unknown(1, 0, del(['a'], null))
    .ok(2, 1, 2, set({ a: '1' }))
    .ok(2, 3, 4, get({ a: null }))
    .ok(2, 5, 6, set({ a: '2' }))
    .ok(2, 7, 8, get({ a: null })),
  'an unknown write that was seen and then is gone': new HistoryWriter()
    .ok(1, 0, 1, set({ a: '0' }))
    .unknown(1, 2, set({ a: '1' }))
    .ok(2, 3, 4, get({ a: '1' }))
    .ok(2, 5, 6, get({ a: '0' })),
  'an unknown write that takes effect before its call': new HistoryWriter()
    .ok(2, 0, 1, exists(['a'], 1))
    .unknown(1, 2, set({ a: '1' })),
};

describe('the checker of linearizability accepts', () => {
  for (const [name, writer] of Object.entries(legal)) {
    it(name, () => expect(verdict(writer.operations)).to.be.true);
  }
});

describe('the checker of linearizability refuses', () => {
  for (const [name, writer] of Object.entries(illegal)) {
    it(name, () => expect(verdict(writer.operations)).to.be.false);
  }
});

describe('the checker of linearizability', () => {
  it('names the operation, its neighbours and the times', () => {
    const { operations } = new HistoryWriter()
      .ok(1, 0, 1, set({ other: 'x' }))
      .ok(1, 2, 3, set({ a: '1' }))
      .ok(1, 4, 5, set({ a: '2' }))
      .ok(7, 6, 8, get({ a: '1' }));
    const result = checkLinearizable(operations);
    expect(result).to.include({ ok: false });
    if (result.ok !== false) return;
    expect(result.keys).to.deep.equal(['a']);
    expect(result.explanation).to.include('GET a -> 1 (session 7, serial 4, 6 to 8)');
    expect(result.explanation).to.include('SET a=1 (session 1, serial 2, 2 to 3)');
    expect(result.explanation).not.to.include('other');
  });

  it('names the failed write that was read', () => {
    const { operations } = new HistoryWriter()
      .failed(1, 0, 1, set({ a: '1' }))
      .ok(2, 2, 3, get({ a: '1' }));
    const result = checkLinearizable(operations);
    expect(result.ok === false && result.explanation).to.match(/only a failed .*: SET a=1 \(sess/);
  });

  it('lets an unknown write take effect after the end that was recorded for it', () => {
    const { operations } = new HistoryWriter()
      .unknown(1, 0, set({ a: '1' }))
      .ok(2, 2, 3, get({ a: null }))
      .ok(2, 4, 5, get({ a: '1' }));
    const ended = operations.map((each) => ({ ...each, returnedAt: each.calledAt + 1 }));
    expect(checkLinearizable(ended)).to.include({ ok: true });
  });

  it('gives up at the bound, and says for which keys', () => {
    const writer = new HistoryWriter();
    for (let i = 0; i < 12; i += 1) writer.ok(i, 0, 100, set({ a: `${i}` }));
    for (let i = 0; i < 12; i += 1) writer.ok(20 + i, 0, 100, get({ a: `${i}` }));
    const result = checkLinearizable(writer.operations, { maxSteps: 3 });
    expect(result).to.deep.equal({ ok: null, keys: ['a'], reason: 'too many steps' });
    expect(checkLinearizable(writer.operations)).to.include({ ok: true });
  });

  it('finds a violation behind a group that takes too long', () => {
    const writer = new HistoryWriter();
    for (let i = 0; i < 12; i += 1) writer.ok(i, 0, 100, set({ a: `${i}` }));
    for (let i = 0; i < 12; i += 1) writer.ok(20 + i, 0, 100, get({ a: `${i}` }));
    writer.ok(50, 0, 1, set({ b: '1' })).ok(50, 2, 3, get({ b: null }));
    const result = checkLinearizable(writer.operations, { maxSteps: 3 });
    expect(result)
      .to.include({ ok: false })
      .and.to.deep.include({ keys: ['b'] });
  });

  it('refuses histories that say nothing sensible', () => {
    const backwards = new HistoryWriter().ok(1, 5, 4, set({ a: '1' })).operations;
    expect(() => checkLinearizable(backwards)).to.throw(HistoryError, 'before it was called');
    const keyless = new HistoryWriter().ok(1, 0, 1, del([], 0)).operations;
    expect(() => checkLinearizable(keyless)).to.throw(HistoryError, 'no key');
    const short: Operation['action'] = { op: 'get', keys: ['a', 'b'], values: ['1'] };
    const uneven = new HistoryWriter().ok(1, 0, 1, short).operations;
    expect(() => checkLinearizable(uneven)).to.throw(HistoryError, 'one value for each key');
  });
});
