import { expect } from 'chai';
import fc from 'fast-check';
import type { WriteCommand } from '../../../src/base/store-request.js';
import { factsOf, lookThrough } from '../../../src/storage/apply.js';
import {
  COPY_BYTES,
  CommandFormatError,
  decodeCommands,
  encodeCommands,
  encodeCommandsParts,
  encodedLength,
  nextChain,
} from '../../../src/storage/commands.js';

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

  it('refuses every payload that is cut or has a byte too many', () => {
    const payload = encodeCommands(SAMPLE);
    expect(decodeCommands(payload)).to.deep.equal(SAMPLE);
    for (let end = 0; end < payload.length; end += 1) {
      expect(() => decodeCommands(payload.subarray(0, end)), `${end}`).to.throw(CommandFormatError);
      expect(factsOf(payload.subarray(0, end))).to.equal(null);
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
          lookThrough(changed);
        } catch (error) {
          expect(error).to.be.instanceOf(CommandFormatError).and.include({
            code: 'malformed-commands',
          });
          expect(factsOf(changed)).to.equal(null);
        }
      }
    }
  });

  it('refuses a command without keys', () => {
    const payload = Buffer.from([0, 0, 0, 1, 1, 0, 0, 0, 0]);
    expect(() => decodeCommands(payload)).to.throw(CommandFormatError, 'without keys');
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
