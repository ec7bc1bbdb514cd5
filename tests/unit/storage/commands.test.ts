import { expect } from 'chai';
import fc from 'fast-check';
import { crc32 } from '../../../src/base/hash.js';
import type { WriteCommand } from '../../../src/base/store-request.js';
import {
  COPY_BYTES,
  CommandFormatError,
  applyCommands,
  decodeCommands,
  encodeCommands,
  encodeCommandsParts,
  encodedLength,
  loneValueCrc,
  nextChain,
} from '../../../src/storage/commands.js';
import { KEPT_BYTES } from '../../../src/storage/shard.js';
import { Table } from '../../../src/storage/table.js';

const key = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array).toString('latin1'));
const value = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array)),
  fc.integer({ min: COPY_BYTES - 1, max: COPY_BYTES + 2 }).map((length) => Buffer.alloc(length, 7)),
);
const set = fc.record({
  op: fc.constant('set' as const),
  pairs: fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 3 }),
});
const del = fc.record({
  op: fc.constant('del' as const),
  keys: fc.array(key, { minLength: 1, maxLength: 4 }),
});
const commands: fc.Arbitrary<WriteCommand[]> = fc.array(fc.oneof(set, del), { maxLength: 4 });

const SAMPLE: WriteCommand[] = [
  {
    op: 'set',
    pairs: [
      ['k\xff', Buffer.from('v\r\n\0')],
      ['', Buffer.alloc(0)],
    ],
  },
  { op: 'del', keys: ['a', 'bc'] },
];

describe('storage/commands', () => {
  it('gives back what was encoded, whole or in parts', () => {
    fc.assert(
      fc.property(commands, (list) => {
        const payload = encodeCommands(list);
        expect(payload.length).to.equal(encodedLength(list));
        expect(Buffer.concat(encodeCommandsParts(list)).equals(payload)).to.equal(true);
        expect(decodeCommands(payload)).to.deep.equal(list);
      }),
      { numRuns: 60 },
    );
  });

  it('does not copy large values into the parts', () => {
    const large = Buffer.alloc(COPY_BYTES + 1, 1);
    const parts = encodeCommandsParts([
      {
        op: 'set',
        pairs: [
          ['a', large],
          ['b', Buffer.from('small')],
        ],
      },
    ]);
    expect(parts).to.include(large);
  });

  it('keeps nothing of a payload in memory but a value that is most of it', () => {
    const values = [COPY_BYTES + 1, 5, KEPT_BYTES - 1, KEPT_BYTES, 5000];
    const pairs = values.map((length) => [`k${length}`, Buffer.alloc(length, 1)] as const);
    const payload = encodeCommands([{ op: 'set', pairs }]);
    const table = new Table();
    applyCommands(table, decodeCommands(payload));
    payload.fill(9);
    const kept = values.map((length) => table.get(`k${length}`)?.[0]);
    expect(kept).to.deep.equal([9, 1, 1, 1, 1]);
    expect(table.get('k5000')?.buffer.byteLength, 'not from the pool').to.equal(5000);
  });

  it('refuses every payload that is cut or has a byte too many', () => {
    const payload = encodeCommands(SAMPLE);
    expect(decodeCommands(payload)).to.deep.equal(SAMPLE);
    for (let end = 0; end < payload.length; end += 1) {
      expect(() => decodeCommands(payload.subarray(0, end)), `${end}`).to.throw(CommandFormatError);
    }
    expect(() => decodeCommands(Buffer.concat([payload, Buffer.alloc(1)]))).to.throw(
      CommandFormatError,
    );
  });

  it('refuses or reads differently whatever byte is changed, and never fails otherwise', () => {
    const payload = encodeCommands(SAMPLE);
    for (let at = 0; at < payload.length; at += 1) {
      for (let other = 0; other < 256; other += 1) {
        if (other === payload[at]) continue;
        const changed = Buffer.from(payload);
        changed.writeUInt8(other, at);
        try {
          const list = decodeCommands(changed);
          expect(encodeCommands(list).equals(changed), 'one encoding only').to.equal(true);
        } catch (error) {
          expect(error).to.be.instanceOf(CommandFormatError).and.include({
            code: 'malformed-commands',
          });
        }
      }
    }
  });

  it('refuses a command without keys', () => {
    const payload = Buffer.from([0, 0, 0, 1, 1, 0, 0, 0, 0]);
    expect(() => decodeCommands(payload)).to.throw(CommandFormatError, 'without keys');
  });

  it('counts what a command did', () => {
    const table = new Table();
    const pair = (name: string): readonly [string, Buffer] => [name, Buffer.from(name)];
    const results = applyCommands(table, [
      { op: 'set', pairs: [pair('a'), pair('b'), pair('a')] },
      { op: 'del', keys: ['a', 'none', 'a'] },
      { op: 'del', keys: ['none'] },
    ]);
    expect(results).to.deep.equal([3, 1, 0]);
    expect(table.size).to.equal(1);
  });

  it('lets the last of two equal keys win', () => {
    const table = new Table();
    const pairs = [['k', Buffer.from('1')] as const, ['k', Buffer.from('2')] as const];
    applyCommands(table, [{ op: 'set', pairs }]);
    expect(table.get('k')?.toString()).to.equal('2');
  });

  it('takes the checksum of a lone value from that of its payload, and of no other', () => {
    const value = Buffer.from('a value');
    const pairs = [['k', value]] as const;
    const crcOf = (...commands: WriteCommand[]): number | undefined => {
      const payload = encodeCommands(commands);
      return loneValueCrc(payload, crc32(payload), commands);
    };
    expect(crcOf({ op: 'set', pairs })).to.equal(crc32(value));
    expect(crcOf({ op: 'set', pairs: [...pairs, ...pairs] })).to.equal(undefined);
    expect(crcOf({ op: 'set', pairs }, { op: 'set', pairs })).to.equal(undefined);
    expect(crcOf({ op: 'del', keys: ['k'] })).to.equal(undefined);
    const [given, computed] = [new Table(), new Table()];
    applyCommands(given, [{ op: 'set', pairs }], crc32(value));
    applyCommands(computed, [{ op: 'set', pairs }]);
    expect(given.digest()).to.equal(computed.digest());
    given.delete('k');
    expect(given.digest()).to.equal(new Table().digest());
  });

  it('chains every part of a transaction into its history', () => {
    const chain = '0'.repeat(32);
    const all = [
      nextChain(chain, 1, 2, 3, 4),
      nextChain('1'.repeat(32), 1, 2, 3, 4),
      nextChain(chain, 2, 2, 3, 4),
      nextChain(chain, 1, 3, 3, 4),
      nextChain(chain, 1, 2, 4, 4),
      nextChain(chain, 1, 2, 3, 5),
      nextChain(chain, 12, 2, 3, 4),
      nextChain(chain, 1, 22, 3, 4),
    ];
    expect(new Set(all)).to.have.lengthOf(all.length);
    for (const each of all) expect(each).to.match(/^[0-9a-f]{32}$/);
  });
});
