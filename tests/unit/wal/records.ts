/** Records for tests: one of each kind, and arbitrary ones. */
import fc from 'fast-check';
import { crc32 } from '../../../src/base/hash.js';
import type { PreparedRecord, WalRecord } from '../../../src/wal/record.js';

export function prepared(
  txid: number,
  payload: Buffer = Buffer.from(`payload ${txid}`),
): PreparedRecord {
  const { length } = payload;
  const crc = crc32(payload);
  return { kind: 'prepared', epoch: 3, txid, view: 2, payload, stage: '', length, crc };
}

export function commit(txid: number): WalRecord {
  return { kind: 'commit', epoch: 3, txid };
}

export function epoch(number: number): WalRecord {
  return { kind: 'epoch', epoch: { number, nonce: `nonce${number}` } };
}

export function view(number: number): WalRecord {
  return {
    kind: 'view',
    view: {
      number,
      epoch: { number: 3, nonce: 'n' },
      firstTxid: 7,
      members: [
        { storeId: 'a'.repeat(32), address: '127.0.0.1:8002' },
        { storeId: 'b'.repeat(32), address: '[::1]:8003' },
      ],
    },
  };
}

export function reset(txid: number, chain = 'c'.repeat(32)): WalRecord {
  return { kind: 'reset', txid, epoch: 3, chain };
}

export function state(lastTxid: number): WalRecord {
  const shown = view(2);
  return {
    kind: 'state',
    lastTxid,
    settledTxid: lastTxid,
    view: shown.kind === 'view' ? shown.view : null,
    epochs: [
      { number: 1, nonce: 'x' },
      { number: 2, nonce: 'y' },
    ],
    recent: [{ epoch: 2, txid: lastTxid, commit: false }],
    lineage: [{ epoch: 2, txid: 1 }],
  };
}

export function oneOfEach(): WalRecord[] {
  return [
    epoch(3),
    view(2),
    prepared(1),
    { kind: 'piece', stage: 's-1', offset: 0, total: 5, bytes: Buffer.from('12345') },
    { ...prepared(2), payload: Buffer.alloc(0), stage: 's-1', length: 5, crc: 77 },
    commit(1),
    { kind: 'abort', epoch: 3, txid: 2 },
    { kind: 'commitDone', epoch: 3, txid: 1 },
    { kind: 'abortDone', epoch: 3, txid: 2 },
    reset(2),
    { kind: 'void', txid: 3 },
    { kind: 'tail', txid: 4 },
    { kind: 'sound', txid: 5 },
    state(2),
    { ...state(2), view: null } as WalRecord,
  ];
}

const integer = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const bytes = fc.uint8Array({ maxLength: 6000 }).map((array) => Buffer.from(array));
const word = fc.string({ unit: 'grapheme', maxLength: 40 });
const epochs = fc.record({ number: integer, nonce: word });
const views = fc.record({
  number: integer,
  epoch: epochs,
  firstTxid: integer,
  members: fc.array(fc.record({ storeId: word, address: word }), { maxLength: 4 }),
});

export const anyRecord: fc.Arbitrary<WalRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('prepared' as const),
    epoch: integer,
    txid: integer,
    view: integer,
    payload: bytes,
    stage: word,
    length: integer,
    crc: fc.nat({ max: 0xffff_ffff }),
  }),
  fc.record({
    kind: fc.constant('piece' as const),
    stage: word,
    offset: integer,
    total: integer,
    bytes,
  }),
  fc.record({
    kind: fc.constantFrom('commit', 'abort', 'commitDone', 'abortDone'),
    epoch: integer,
    txid: integer,
  }),
  fc.record({ kind: fc.constant('view' as const), view: views }),
  fc.record({ kind: fc.constant('epoch' as const), epoch: epochs }),
  fc.record({
    kind: fc.constant('epoch' as const),
    epoch: epochs,
    withoutLog: fc.constant(true as const),
  }),
  fc.record({ kind: fc.constant('reset' as const), txid: integer, epoch: integer, chain: word }),
  fc.record({ kind: fc.constantFrom('void', 'tail', 'sound'), txid: integer }),
  fc.record({
    kind: fc.constant('state' as const),
    lastTxid: integer,
    settledTxid: integer,
    view: fc.option(views, { nil: null }),
    epochs: fc.array(epochs, { maxLength: 5 }),
    recent: fc.array(fc.record({ epoch: integer, txid: integer, commit: fc.boolean() }), {
      maxLength: 5,
    }),
    lineage: fc.array(fc.record({ epoch: integer, txid: integer }), { maxLength: 5 }),
  }),
);
