import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../../src/base/assert.js';
import { WordSource } from '../../../src/base/word-source.js';
import { flipBit, flipStoredByte, forget } from '../../helpers/rot.js';
import { allPairsOf, pairsOf } from '../../helpers/told-pairs.js';
import { pairBytes } from '../../../src/base/pair-memory.js';
import { Prng } from '../../../src/base/prng.js';
import { KEPT_BYTES } from '../../../src/storage/shard.js';
import { SHARDS, Table } from '../../../src/storage/table.js';
import type { TableSnapshot } from '../../../src/storage/table-snapshot.js';

type Write = readonly [key: string, value: string | null];

function apply(table: Table, writes: readonly Write[]): Map<string, string> {
  const model = new Map<string, string>();
  for (const [key, value] of writes) {
    if (value === null) {
      expect(table.delete(key)).to.equal(model.delete(key));
    } else {
      table.set(key, Buffer.from(value, 'latin1'));
      model.set(key, value);
    }
  }
  return model;
}

function contents(snapshot: TableSnapshot): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of allPairsOf(snapshot)) {
    expect(found.has(key), 'every key once').to.equal(false);
    found.set(key, value.toString('latin1'));
  }
  return found;
}

function scrubAll(table: Table): string[] {
  return Array.from({ length: SHARDS }, () => table.scrubNextShard());
}

const key = fc
  .string({ unit: 'binary', maxLength: 3 })
  .map((text) => Buffer.from(text, 'utf8').toString('latin1'));
const write = fc.tuple(key, fc.option(fc.string({ maxLength: 4 }), { nil: null }));
const writes = fc.array(write, { maxLength: 60 });

describe('storage/table', () => {
  it('lets a snapshot of an empty table go that was written to meanwhile', () => {
    const table = new Table();
    const snapshot = table.beginSnapshot();
    table.set('k', Buffer.from('v'));
    snapshot.close();
    expect(table.get('k')?.toString()).to.equal('v');
  });

  it('does what a map does', () => {
    fc.assert(
      fc.property(writes, (list) => {
        const table = new Table();
        const model = apply(table, list);
        expect(table.size).to.equal(model.size);
        for (const [name] of list) {
          expect(table.has(name)).to.equal(model.has(name));
          expect(table.get(name)?.toString('latin1')).to.equal(model.get(name));
        }
        let bytes = 0;
        for (const [name, value] of model) {
          bytes += pairBytes(name.length, value.length);
        }
        expect(table.bytes).to.equal(bytes);
      }),
    );
  });

  it('has a digest of its contents alone, whatever their history', () => {
    fc.assert(
      fc.property(writes, (list) => {
        const table = new Table();
        const model = apply(table, list);
        const direct = new Table();
        const reversed = [...model].reverse();
        for (const [name, value] of reversed) direct.set(name, Buffer.from(value, 'latin1'));
        expect(table.digest()).to.equal(direct.digest());
        for (const [name] of reversed) direct.delete(name);
        expect(direct.digest()).to.equal(new Table().digest());
      }),
    );
  });

  it('S41: has another digest after any exchange of values, keys or bytes', () => {
    const of = (...pairs: readonly (readonly [string, string])[]): string => {
      const table = new Table();
      for (const [name, value] of pairs) table.set(name, Buffer.from(value));
      return table.digest();
    };
    const all = [
      of(),
      of(['a', 'x'], ['b', 'y']),
      of(['a', 'y'], ['b', 'x']),
      of(['a', 'xy'], ['b', '']),
      of(['a', ''], ['b', 'xy']),
      of(['ax', ''], ['by', '']),
      of(['ab', 'xy']),
      of(['a', 'x']),
      of(['a', 'x'], ['b', 'y'], ['c', 'z']),
      of(['', '']),
      of(['\0', '']),
      of(['', '\0']),
    ];
    expect(new Set(all)).to.have.lengthOf(all.length);
    const prng = new Prng(3);
    const seen = new Set<string>();
    for (let round = 0; round < 3000; round += 1) {
      const [a, b] = [prng.hex(4), prng.hex(4)];
      if (a === b) continue;
      const straight = of(['k1', a], ['k2', b]);
      expect(straight).not.to.equal(of(['k1', b], ['k2', a]));
      seen.add(straight);
    }
    expect(seen.size).to.be.greaterThan(2900);
  });

  it('S41, H13: finds a stored byte that changed, without anybody reading its key', () => {
    const table = new Table();
    for (let i = 0; i < 3000; i += 1) table.set(`key ${i}`, Buffer.from(`value ${i}`));
    expect(new Set(scrubAll(table))).to.deep.equal(new Set(['sound']));
    table.set('large', Buffer.alloc(5000, 1));
    for (const name of ['key 1234', 'large']) {
      expect(flipStoredByte(table, name)).to.equal(true);
      expect(scrubAll(table).filter((verdict) => verdict === 'rotten')).to.have.lengthOf(1);
      flipStoredByte(table, name);
      expect(scrubAll(table)).to.not.include('rotten');
    }
    expect(flipStoredByte(table, 'missing')).to.equal(false);
  });

  it('H13: a byte that changed leaves its mark when it is overwritten or deleted', () => {
    for (const length of [50, 700, 5000]) {
      const [table, sound] = [new Table(), new Table()];
      for (const name of ['a', 'b']) {
        table.set(name, Buffer.alloc(length, 1));
        flipStoredByte(table, name);
        sound.set(name, Buffer.alloc(length, 2));
      }
      table.set('a', Buffer.alloc(length, 2));
      table.delete('b');
      sound.delete('b');
      expect(table.digest()).to.not.equal(sound.digest());
      expect(scrubAll(table)).to.include('rotten');
    }
  });

  it('S41: finds any bit of a pair that changed, and survives it', () => {
    for (let bit = 0; bit < 32 * 8; bit += 1) {
      const table = new Table();
      for (let i = 0; i < 3; i += 1) table.set('abcdefgh', Buffer.alloc(12 + i, 1));
      flipBit(table, 'abcdefgh', bit);
      const verdicts = scrubAll(table);
      // A head has bits that say nothing, and a value may end within a word.
      const isUsed = bit < 20 || bit === 30 || (bit >= 32 && bit < 32 * 3 + 14 * 8);
      if (isUsed) expect(verdicts, `bit ${bit}`).to.include('rotten');
      const snapshot = table.beginSnapshot();
      allPairsOf(snapshot);
      snapshot.close();
      table.set('abcdefgh', Buffer.alloc(900, 2));
      table.delete('abcdefgh');
    }
  });

  it('S41: reads on where a length was damaged, also at the end of all memory', () => {
    const table = new Table();
    const names = Array.from({ length: 12_000 }, (_, index) => `key ${index}`);
    for (const name of names) table.set(name, Buffer.alloc(300, 1));
    for (const name of names) flipBit(table, name, 10);
    for (const name of names) expect(table.get(name)?.length).to.be.within(300, 300 + 1024);
    const snapshot = table.beginSnapshot();
    allPairsOf(snapshot);
    expect(scrubAll(table)).to.include('rotten');
  });

  it('S41: finds an index that lost a pair', () => {
    const table = new Table();
    for (let i = 0; i < 3000; i += 1) table.set(`key ${i}`, Buffer.from(`value ${i}`));
    forget(table, 'key 1234');
    expect(table.get('key 1234')).to.equal(undefined);
    expect(scrubAll(table).filter((verdict) => verdict === 'rotten')).to.have.lengthOf(1);
  });

  it('loads pairs from where they stand', () => {
    const pairs: [string, string][] = [
      ['', ''],
      ['k\xff', 'value'],
      ['k'.repeat(300), 'long key'],
      ['large', 'x'.repeat(KEPT_BYTES)],
      ['large', 'and small'],
    ];
    const [loaded, direct] = [new Table(), new Table()];
    for (const [name, value] of pairs) {
      const bytes = Buffer.from(`..${name}${value}..`, 'latin1');
      const [keyLength, length] = [name.length, value.length];
      loaded.load(new WordSource(bytes), { keyAt: 2, keyLength, valueAt: 2 + keyLength, length });
      bytes.fill(0);
      direct.set(name, Buffer.from(value, 'latin1'));
    }
    expect(loaded.digest()).to.equal(direct.digest());
    for (const [name] of pairs) expect(loaded.get(name)).to.deep.equal(direct.get(name));
  });

  it('spreads keys over its shards', () => {
    const table = new Table();
    for (let i = 0; i < 102_400; i += 1) table.set(`user:${i}:name`, Buffer.alloc(0));
    const snapshot = table.beginSnapshot();
    const sizes: number[] = [];
    for (let shard = snapshot.next(); shard !== null; shard = snapshot.next()) {
      sizes.push(shard.places().length);
    }
    snapshot.close();
    expect(sizes).to.have.lengthOf(SHARDS);
    expect(Math.max(...sizes)).to.be.lessThan(200);
    expect(Math.min(...sizes)).to.be.greaterThan(30);
  });

  it('H17: shows a snapshot as of its beginning while writes go on', () => {
    const step = fc.oneof(write, fc.constantFrom('next1' as const, 'next2' as const));
    fc.assert(
      fc.property(writes, writes, fc.array(step, { maxLength: 400 }), (first, second, steps) => {
        const table = new Table();
        const atFirst = apply(table, first);
        const snapshots = [table.beginSnapshot()];
        const digest = table.digest();
        const both = new Map(atFirst);
        for (const [name, value] of second) {
          if (value === null) {
            table.delete(name);
            both.delete(name);
          } else {
            table.set(name, Buffer.from(value, 'latin1'));
            both.set(name, value);
          }
        }
        snapshots.push(table.beginSnapshot());
        const told = [new Map<string, string>(), new Map<string, string>()];
        for (const each of steps) {
          if (typeof each === 'string') {
            const which = each === 'next1' ? 0 : 1;
            const shard = snapshots[which]?.next() ?? null;
            for (const [name, value] of shard === null ? [] : pairsOf(shard)) {
              told[which]?.set(name, value.toString('latin1'));
            }
          } else {
            const [name, value] = each;
            if (value === null) table.delete(name);
            else table.set(name, Buffer.from(value, 'latin1'));
          }
        }
        for (const [which, snapshot] of snapshots.entries()) {
          for (const [name, value] of contents(snapshot)) told[which]?.set(name, value);
        }
        expect(told).to.deep.equal([atFirst, both]);
        expect(snapshots[0]?.digest).to.equal(digest);
        expect(snapshots[0]?.keys).to.equal(atFirst.size);
      }),
      { numRuns: 60 },
    );
  });

  it('allows two snapshots at a time', () => {
    const table = new Table();
    const first = table.beginSnapshot();
    table.beginSnapshot();
    expect(() => table.beginSnapshot()).to.throw(AssertionError);
    table.set('a', Buffer.from('first in its shard'));
    first.close();
    expect(() => first.next()).to.throw(AssertionError);
    table.beginSnapshot().close();
  });
});
