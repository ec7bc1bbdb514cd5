/**
 * The bytes of every message: the two tables of their fields, in wire order, and what is made from
 * them. `messages.ts` says what the fields mean.
 *
 * Requests are RESP arrays of bulk strings named `2PC.…`, so that a participant's port can take
 * them beside clients' commands and the same strict reader reads both; replies are such arrays too.
 * Knows no sockets. Invariants: decoding what was encoded gives an equal message (buffers that
 * were sent in parts arrive as one); bytes that are no message give an `RpcProtocolError`.
 */
import type { Bytes } from '../base/bytes.js';
import type { Epoch, Member, View } from '../base/ids.js';
import {
  bytes,
  constant,
  elapsedMs,
  flag,
  list,
  nullable,
  oneOf,
  ownIdentity,
  prose,
  record,
  text,
  uint,
  uint32,
} from './fields.js';
import * as hot from './hot-messages.js';
import { MessageTable } from './message-table.js';
import type * as m from './messages.js';
import type { InDoubt, Status } from './status.js';
import { type Arguments, KeptArguments } from '../resp/arguments.js';
import { RpcProtocolError } from './rpc-protocol-error.js';

const epoch = record<Epoch>({ number: uint, nonce: text });
const { position } = hot;
const transaction = record<{ readonly epoch: number; readonly txid: number }>({
  epoch: uint,
  txid: uint,
});
const view = record<View>({
  number: uint,
  epoch,
  firstTxid: uint,
  members: list(record<Member>({ storeId: text, address: text })),
});
const status = record<Status>({
  storeId: text,
  clusterId: ownIdentity,
  generation: uint32,
  empty: flag,
  fit: flag,
  overridden: flag,
  epoch,
  view: nullable(view),
  resolved: position,
  digest: text,
  synced: uint,
  inDoubt: list(record<InDoubt>({ epoch: uint, txid: uint, crc: uint })),
  aborted: list(transaction),
  lineage: list(transaction),
  tailFrom: uint,
  heardMsAgo: elapsedMs,
  heardEpoch: epoch,
  bytes: uint,
  keys: uint,
});
const deltaEntry = record<m.DeltaEntry>({
  epoch: uint,
  txid: uint,
  commit: flag,
  length: uint,
  crc: uint,
  bytes,
});

const REQUESTS = new MessageTable<m.Request>('2PC.', {
  // Never changes, in no version: it is how versions and peers are told apart.
  hello: record<m.Hello>({
    type: constant('hello'),
    version: uint,
    purpose: oneOf('data', 'heartbeat', 'catchup'),
    clusterId: ownIdentity,
    storeId: text,
    dialled: text,
    coordinator: text,
    nonce: text,
  }),
  prove: record<m.Prove>({ type: constant('prove'), mac: text }),
  inquire: record<m.Inquire>({ type: constant('inquire') }),
  fence: record<m.Fence>({
    type: constant('fence'),
    epoch,
    clusterId: ownIdentity,
    generation: uint32,
    forced: flag,
    expected: nullable(epoch),
  }),
  view: record<m.InstallView>({ type: constant('view'), view }),
  prepare: hot.prepare,
  outcome: hot.outcome,
  piece: record<m.Piece>({
    type: constant('piece'),
    stage: text,
    offset: uint,
    total: uint,
    bytes,
  }),
  unstage: record<m.Unstage>({ type: constant('unstage'), stage: text }),
  read: hot.read,
  more: record<m.ReadMore>({ type: constant('more'), id: uint, offset: uint }),
  ping: record<m.Ping>({ type: constant('ping'), sequence: uint, epoch }),
  catchUp: record<m.CatchUp>({
    type: constant('catchUp'),
    attempt: uint,
    donorAddress: text,
    donorStoreId: text,
    fresh: flag,
  }),
  sound: record<m.Sound>({ type: constant('sound'), txid: uint }),
  fetch: record<m.Fetch>({ type: constant('fetch'), epoch, position, offset: uint }),
  fetchSnapshot: record<m.FetchSnapshot>({ type: constant('fetchSnapshot'), epoch }),
  fetchFrames: record<m.FetchFrames>({ type: constant('fetchFrames'), id: text, sequence: uint }),
});

const REPLIES = new MessageTable<m.Reply>('', {
  welcome: record<m.Welcome>({
    type: constant('welcome'),
    version: uint,
    clusterId: ownIdentity,
    storeId: text,
    nonce: text,
    mac: text,
  }),
  proved: record<m.Proved>({ type: constant('proved') }),
  refused: record<m.Refused>({
    type: constant('refused'),
    code: oneOf(
      'version',
      'cluster',
      'secret',
      'epoch',
      'generation',
      'protocol',
      'coordinator',
      'superseded',
      'failed',
    ),
    text: prose,
    epoch,
  }),
  status: record<m.StatusReply>({ type: constant('status'), status }),
  fenced: record<m.StatusReply>({ type: constant('fenced'), status }),
  viewed: record<m.Viewed>({ type: constant('viewed'), number: uint, epoch }),
  vote: hot.vote,
  done: hot.done,
  pieced: record<m.Pieced>({ type: constant('pieced'), stage: text, have: uint, refusal: prose }),
  value: hot.value,
  unreadable: record<m.Unreadable>({ type: constant('unreadable'), id: uint, reason: prose }),
  part: record<m.Part>({ type: constant('part'), id: uint, offset: uint, bytes }),
  pong: record<m.Pong>({
    type: constant('pong'),
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
  caughtUp: record<m.CaughtUp>({
    type: constant('caughtUp'),
    attempt: uint,
    ok: flag,
    reason: prose,
    position,
    digest: text,
    how: oneOf('delta', 'snapshot', 'none'),
  }),
  delta: record<m.Delta>({
    type: constant('delta'),
    verdict: oneOf('entries', 'upToDate', 'snapshot', 'epoch'),
    position,
    digest: text,
    entries: list(deltaEntry),
  }),
  snapshot: record<m.SnapshotReply>({
    type: constant('snapshot'),
    id: text,
    reason: prose,
    bytes: uint,
  }),
  frames: record<m.Frames>({
    type: constant('frames'),
    id: text,
    sequence: uint,
    last: flag,
    frames: list(bytes),
  }),
});

/** The first bytes of every peer connection, and of no client's. */
export const PEER_PREFIX: Buffer = REQUESTS.prefixOf('hello');

export function encodeRequest(message: m.Request): Bytes[] {
  return REQUESTS.encode(message);
}

/** The message keeps what the arguments lie in. */
export function decodeRequest(args: Arguments): m.Request {
  return REQUESTS.decode(args, false);
}

export function encodeReply(message: m.Reply): Bytes[] {
  return REPLIES.encode(message);
}

/** `value`: what a RESP parser made of one reply. The message keeps copies of its buffers. */
export function decodeReply(value: unknown): m.Reply {
  if (!Array.isArray(value)) throw new RpcProtocolError('framing', 'a reply that is no array');
  const args: Buffer[] = [];
  for (const element of value as readonly unknown[]) {
    if (!Buffer.isBuffer(element)) {
      throw new RpcProtocolError('framing', 'a reply with an element that is no bulk string');
    }
    args.push(element);
  }
  return REPLIES.decode(new KeptArguments(args), true);
}
