import { expect } from 'chai';
import { pairBytes } from '../../../src/base/pair-memory.js';
import { bufferOf } from '../../../src/base/bytes.js';
import { crc32 } from '../../../src/base/hash.js';
import type { WriteCommand } from '../../../src/base/store-request.js';
import { applyPayload, lookThrough, loneValueCrc } from '../../../src/storage/apply.js';
import { COPY_BYTES, encodeCommands } from '../../../src/storage/commands.js';
import { KEPT_BYTES } from '../../../src/storage/shard.js';
import { Table } from '../../../src/storage/table.js';

function apply(table: Table, ...commands: readonly WriteCommand[]): number[] {
  return applyPayload(table, encodeCommands(commands));
}

describe('storage/apply', () => {
  it('keeps nothing of a payload in memory but a value that is most of it', () => {
    const values = [COPY_BYTES + 1, 5, KEPT_BYTES - 1, KEPT_BYTES, 5000];
    const pairs = values.map((length) => [`k${length}`, Buffer.alloc(length, 1)] as const);
    const payload = encodeCommands([{ op: 'set', pairs }]);
    const table = new Table();
    applyPayload(table, payload);
    payload.fill(9);
    const kept = values.map((length) => bufferOf(table.get(`k${length}`) ?? '')[0]);
    expect(kept).to.deep.equal([9, 1, 1, 1, 1]);
    expect(bufferOf(table.get('k5000') ?? '').buffer.byteLength, 'not from the pool').to.equal(
      5000,
    );
  });

  it('counts what a command did', () => {
    const table = new Table();
    const pair = (name: string): readonly [string, Buffer] => [name, Buffer.from(name)];
    const results = apply(
      table,
      { op: 'set', pairs: [pair('a'), pair('b'), pair('a')] },
      { op: 'del', keys: ['a', 'none', 'a'] },
      { op: 'del', keys: ['none'] },
    );
    expect(results).to.deep.equal([3, 1, 0]);
    expect(table.size).to.equal(1);
  });

  it('lets the last of two equal keys win', () => {
    const table = new Table();
    const pairs = [['k', Buffer.from('1')] as const, ['k', Buffer.from('2')] as const];
    apply(table, { op: 'set', pairs });
    expect(table.get('k')?.toString()).to.equal('2');
  });

  it('tells whether anything is deleted, how much is stored, and how long a lone value is', () => {
    const facts = (...commands: readonly WriteCommand[]) => lookThrough(encodeCommands(commands));
    const set = (...names: readonly string[]): WriteCommand => {
      return { op: 'set', pairs: names.map((name) => [name, Buffer.from(name)]) };
    };
    expect(facts()).to.deep.equal({
      deletes: false,
      pairs: 0,
      storedBytes: 0,
      loneValueBytes: null,
    });
    expect(facts(set('abc'))).to.deep.equal({
      deletes: false,
      pairs: 1,
      storedBytes: pairBytes(3, 3),
      loneValueBytes: 3,
    });
    expect(facts(set('a', 'b'))).to.deep.equal({
      deletes: false,
      pairs: 2,
      storedBytes: 2 * pairBytes(1, 1),
      loneValueBytes: null,
    });
    const del: WriteCommand = { op: 'del', keys: ['a'] };
    expect(facts(del)).to.deep.equal({
      deletes: true,
      pairs: 0,
      storedBytes: 0,
      loneValueBytes: null,
    });
    expect(facts(set('a'), del)).to.deep.equal({
      deletes: true,
      pairs: 1,
      storedBytes: pairBytes(1, 1),
      loneValueBytes: null,
    });
  });

  it('takes the checksum of a large lone value from that of its payload, and of no other', () => {
    const value = Buffer.alloc(COPY_BYTES + 1, 'v');
    const crcOf = (...pairs: readonly (readonly [string, Buffer])[]): number | undefined => {
      const payload = encodeCommands([{ op: 'set', pairs }]);
      return loneValueCrc(payload, crc32(payload), lookThrough(payload));
    };
    expect(crcOf(['k', value])).to.equal(crc32(value));
    expect(crcOf(['k', value.subarray(1)])).to.equal(undefined);
    expect(crcOf(['k', value], ['l', value])).to.equal(undefined);
    const payload = encodeCommands([{ op: 'set', pairs: [['k', value]] }]);
    const [given, computed] = [new Table(), new Table()];
    applyPayload(given, payload, crc32(value));
    applyPayload(computed, payload);
    expect(given.digest()).to.equal(computed.digest());
    given.delete('k');
    expect(given.digest()).to.equal(new Table().digest());
  });
});
