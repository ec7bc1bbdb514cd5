/**
 * Random messages of every kind, for property tests. The two tables are complete by their types: a
 * message that is added to the protocol does not compile here until it has a generator.
 */
import fc from 'fast-check';
import { bytesOf } from '../../../src/base/bytes.js';
import type { Epoch, Position, View } from '../../../src/base/ids.js';
import { MAX_NUMBER } from '../../../src/rpc/limits.js';
import type * as m from '../../../src/rpc/messages.js';
import type { Status } from '../../../src/rpc/status.js';

type Arbitraries<M extends { readonly type: string }> = {
  readonly [T in M['type']]: fc.Arbitrary<M & { readonly type: T }>;
};

const uint = fc.oneof(fc.nat({ max: MAX_NUMBER }), fc.nat(300), fc.constant(MAX_NUMBER));
const uint32 = fc.oneof(fc.nat({ max: 2 ** 32 - 1 }), fc.nat(3));
const signed = fc.oneof(uint, fc.constant(-1));
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.constantFrom('', '\r\n', '127.0.0.1:8001', '0'.repeat(32)),
);
const identity = fc.oneof(fc.string({ maxLength: 10 }), fc.constantFrom('', '0'.repeat(32)));
const key = fc.uint8Array({ maxLength: 30 }).map((b) => Buffer.from(b).toString('latin1'));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
  fc.constantFrom('', '\r\n$5\r\n', '*1\r\n').map((s) => Buffer.from(s)),
  // On both sides of the size up to which buffers are merged.
  fc.integer({ min: 4090, max: 4100 }).map((size) => Buffer.alloc(size, 'x')),
);
/** No empty list of empty buffers: how bytes were divided is not kept. */
const chunks = fc.array(bytes, { maxLength: 4 });
const flag = fc.boolean();
const epoch: fc.Arbitrary<Epoch> = fc.record({ number: uint, nonce: text });
const position: fc.Arbitrary<Position> = fc.record({ txid: uint, chain: text });
const transaction = fc.record({ epoch: uint, txid: uint });
const view: fc.Arbitrary<View> = fc.record({
  number: uint,
  epoch,
  firstTxid: uint,
  members: fc.array(fc.record({ storeId: text, address: text }), { maxLength: 5 }),
});
const status: fc.Arbitrary<Status> = fc.record({
  storeId: text,
  clusterId: identity,
  generation: uint32,
  empty: flag,
  fit: flag,
  overridden: flag,
  epoch,
  view: fc.option(view),
  resolved: position,
  digest: text,
  synced: uint,
  inDoubt: fc.array(fc.record({ epoch: uint, txid: uint, crc: uint }), { maxLength: 5 }),
  aborted: fc.array(transaction, { maxLength: 5 }),
  lineage: fc.array(transaction, { maxLength: 5 }),
  tailFrom: uint,
  heardMsAgo: signed,
  heardEpoch: epoch,
  bytes: uint,
  keys: uint,
});

function of<T extends string>(type: T): fc.Arbitrary<T> {
  return fc.constant(type);
}

export const requests: Arbitraries<m.Request> = {
  hello: fc.record({
    type: of('hello'),
    version: uint,
    purpose: fc.constantFrom('data', 'heartbeat', 'catchup'),
    clusterId: identity,
    storeId: text,
    dialled: text,
    coordinator: text,
    nonce: text,
  }),
  prove: fc.record({ type: of('prove'), mac: text }),
  inquire: fc.record({ type: of('inquire') }),
  fence: fc.record({
    type: of('fence'),
    epoch,
    clusterId: identity,
    generation: uint32,
    forced: flag,
    expected: fc.option(epoch),
  }),
  view: fc.record({ type: of('view'), view }),
  prepare: fc.record({
    type: of('prepare'),
    epoch: uint,
    view: uint,
    txid: uint,
    payload: chunks,
    stage: text,
    length: uint,
    crc: uint,
  }),
  outcome: fc.record({ type: of('outcome'), epoch: uint, txid: uint, commit: flag }),
  piece: fc.record({ type: of('piece'), stage: text, offset: uint, total: uint, bytes }),
  unstage: fc.record({ type: of('unstage'), stage: text }),
  read: fc.record({
    type: of('read'),
    id: uint,
    view: uint,
    op: fc.constantFrom('get', 'exists', 'size'),
    keys: fc.array(key, { maxLength: 6 }),
  }),
  more: fc.record({ type: of('more'), id: uint, offset: uint }),
  ping: fc.record({ type: of('ping'), sequence: uint, epoch }),
  catchUp: fc.record({
    type: of('catchUp'),
    attempt: uint,
    donorAddress: text,
    donorStoreId: text,
    fresh: flag,
  }),
  sound: fc.record({ type: of('sound'), txid: uint }),
  fetch: fc.record({ type: of('fetch'), epoch, position, offset: uint }),
  fetchSnapshot: fc.record({ type: of('fetchSnapshot'), epoch }),
  fetchFrames: fc.record({ type: of('fetchFrames'), id: text, sequence: uint }),
};

export const replies: Arbitraries<m.Reply> = {
  welcome: fc.record({
    type: of('welcome'),
    version: uint,
    clusterId: identity,
    storeId: text,
    nonce: text,
    mac: text,
  }),
  proved: fc.record({ type: of('proved') }),
  refused: fc.record({
    type: of('refused'),
    code: fc.constantFrom('version', 'cluster', 'secret', 'epoch', 'protocol', 'superseded'),
    text,
    epoch,
  }),
  status: fc.record({ type: of('status'), status }),
  fenced: fc.record({ type: of('fenced'), status }),
  viewed: fc.record({ type: of('viewed'), number: uint, epoch }),
  vote: fc.record({
    type: of('vote'),
    epoch: uint,
    txid: uint,
    vote: fc.constantFrom('yes', 'no', 'need'),
    reason: text,
  }),
  done: fc.record({
    type: of('done'),
    epoch: uint,
    txid: uint,
    results: fc.array(uint, { maxLength: 6 }),
    position,
    digest: text,
    synced: uint,
    bytes: uint,
    keys: uint,
  }),
  pieced: fc.record({ type: of('pieced'), stage: text, have: uint, refusal: text }),
  value: fc.record({
    type: of('value'),
    id: uint,
    count: uint,
    lengths: fc.array(signed, { maxLength: 6 }),
    data: fc.array(
      fc.oneof(
        bytes,
        bytes.map((buffer) => buffer.toString('latin1')),
      ),
      {
        maxLength: 4,
      },
    ),
  }),
  unreadable: fc.record({ type: of('unreadable'), id: uint, reason: text }),
  part: fc.record({ type: of('part'), id: uint, offset: uint, bytes }),
  pong: fc.record({
    type: of('pong'),
    sequence: uint,
    epoch,
    generation: uint32,
    viewNumber: uint,
    position,
    digest: text,
    synced: uint,
    fit: flag,
    bytes: uint,
    keys: uint,
    progress: uint,
  }),
  caughtUp: fc.record({
    type: of('caughtUp'),
    attempt: uint,
    ok: flag,
    reason: text,
    position,
    digest: text,
    how: fc.constantFrom('delta', 'snapshot', 'none'),
  }),
  delta: fc.record({
    type: of('delta'),
    verdict: fc.constantFrom('entries', 'upToDate', 'snapshot', 'epoch'),
    entries: fc.array(
      fc.record({ epoch: uint, txid: uint, commit: flag, length: uint, crc: uint, bytes }),
      { maxLength: 4 },
    ),
    position,
    digest: text,
  }),
  snapshot: fc.record({ type: of('snapshot'), id: text, reason: text, bytes: uint }),
  frames: fc.record({
    type: of('frames'),
    id: text,
    sequence: uint,
    last: flag,
    frames: fc.array(bytes, { maxLength: 4 }),
  }),
};

export const anyRequest = fc.oneof(...Object.values<fc.Arbitrary<m.Request>>(requests));
export const anyReply = fc.oneof(...Object.values<fc.Arbitrary<m.Reply>>(replies));

/** The message as it arrives: buffers that belong together are one. */
export function asReceived<M extends m.Request | m.Reply>(message: M): M {
  if (message.type === 'prepare') return { ...message, payload: joined(message.payload) };
  if (message.type === 'value') {
    return { ...message, data: joined([bytesOf(message.data)]) };
  }
  return message;
}

function joined(parts: readonly Buffer[]): Buffer[] {
  const whole = Buffer.concat(parts);
  return whole.length === 0 ? [] : [whole];
}

/** Bytes cut at the given fractions of their length. */
export function cutAt(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((cut) => Math.floor(cut * whole.length)).sort((a, b) => a - b);
  return [0, ...places].map((start, i) => whole.subarray(start, places[i] ?? whole.length));
}

export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
