/**
 * What processes say to each other: two closed unions, one comment a member that says who sends it,
 * when, and what the receiver does. `codec.ts` knows bytes, docs/PROTOCOL.md the order of steps.
 *
 * A connection is always opened by the side that asks: the coordinator dials every participant
 * twice (data, heartbeat), a joining participant dials its donor (catchup). Requests flow from the
 * dialling side, replies back; within one connection neither direction is ever reordered. A reply
 * names what it answers, so a slow answer never holds back a quick one.
 */
import type { Bytes } from '../base/bytes.js';
import type { ClusterId, Epoch, Position, StoreId, TxId, View } from '../base/ids.js';
import type { Status } from './status.js';

/** Raised when a message changes its meaning; a peer with another number is refused by name. */
export const PROTOCOL_VERSION = 3;

export type Purpose = 'data' | 'heartbeat' | 'catchup';

/** First on every connection. Answered by `welcome`, or `refused` with the differing field. */
export interface Hello {
  readonly type: 'hello';
  readonly version: number;
  readonly purpose: Purpose;
  /** '' while the sender belongs to no cluster yet. */
  readonly clusterId: ClusterId;
  readonly storeId: StoreId;
  /** Address that the sender dialled, as its configuration writes it. */
  readonly dialled: string;
  /** Where the sender's coordinator listens: shown to people when two clusters meet. */
  readonly coordinator: string;
  readonly nonce: string;
}

/** Second: HMAC of both nonces under the cluster secret, or '' where none is configured. */
export interface Prove {
  readonly type: 'prove';
  readonly mac: string;
}

/** Coordinator, at its start: how are you? Changes nothing at the participant. */
export interface Inquire {
  readonly type: 'inquire';
}

/**
 * Coordinator: from now on only this epoch. The participant syncs it (and the cluster id, if it has
 * none) before it answers `fenced`; every message of a lower epoch is refused from then on.
 */
export interface Fence {
  readonly type: 'fence';
  readonly epoch: Epoch;
  readonly clusterId: ClusterId;
  readonly generation: number;
  /** An operator declares what is stored here the truth; else a higher generation overrides it. */
  readonly forced: boolean;
  /** At a start: refuse if anything else was promised since this was told; null: whatever was. */
  readonly expected: Epoch | null;
}

/** Coordinator: a view, already synced there. Answered by `viewed` once synced here. */
export interface InstallView {
  readonly type: 'view';
  readonly view: View;
}

/** Coordinator to every member: log these commands. Answered by `vote` once PREPARED is synced. */
export interface Prepare {
  readonly type: 'prepare';
  readonly epoch: number;
  readonly view: number;
  readonly txid: TxId;
  /** Encoded commands, or empty when they were staged. A list of buffers: values are not copied. */
  readonly payload: readonly Buffer[];
  readonly stage: string;
  /** Bytes and CRC-32 of the whole payload, staged or not. */
  readonly length: number;
  readonly crc: number;
}

/** Coordinator to every member, in txid order: how a transaction ended. Answered by `done`. */
export interface Outcome {
  readonly type: 'outcome';
  /** Epoch of the PREPARE, which is half of the transaction's identity. */
  readonly epoch: number;
  readonly txid: TxId;
  readonly commit: boolean;
}

/** Coordinator: a slice of a payload too large for one frame. Answered by `pieced` once synced. */
export interface Piece {
  readonly type: 'piece';
  readonly stage: string;
  readonly offset: number;
  readonly total: number;
  readonly bytes: Buffer;
}

/** Coordinator: this staged payload will never be prepared. Not answered. */
export interface Unstage {
  readonly type: 'unstage';
  readonly stage: string;
}

/** Coordinator to one member of the view: answered by `value` in one step of its machine. */
export interface Read {
  readonly type: 'read';
  readonly id: number;
  readonly view: number;
  /** `gets`: reads of several clients, answered without data if one slice does not hold it all. */
  readonly op: 'get' | 'gets' | 'exists' | 'size';
  readonly keys: readonly string[];
}

/** Coordinator: the next slice of a value too large for one frame. Answered by `part`. */
export interface ReadMore {
  readonly type: 'more';
  readonly id: number;
  readonly offset: number;
}

/** Coordinator, on the heartbeat connection: answered by `pong` at once. */
export interface Ping {
  readonly type: 'ping';
  readonly sequence: number;
  readonly epoch: Epoch;
}

/**
 * Coordinator to a participant outside the view: void what is in doubt, fetch what is missing from
 * the donor, up to what it has when asked. Answered by `caughtUp`, once durable.
 */
export interface CatchUp {
  readonly type: 'catchUp';
  readonly attempt: number;
  readonly donorAddress: string;
  readonly donorStoreId: StoreId;
  /** Replace everything, whatever a delta could do: the receiver's state was found to differ. */
  readonly fresh: boolean;
}

/** Coordinator: your state was compared with the others' at this txid and agrees. Not answered. */
export interface Sound {
  readonly type: 'sound';
  readonly txid: TxId;
}

/** Joiner to donor under its epoch: what follows `position`, the first from byte `offset` on. */
export interface Fetch {
  readonly type: 'fetch';
  readonly epoch: Epoch;
  readonly position: Position;
  readonly offset: number;
}

/** Joiner to donor: open a snapshot. Answered by `snapshot`. */
export interface FetchSnapshot {
  readonly type: 'fetchSnapshot';
  readonly epoch: Epoch;
}

/** Joiner to donor: the next frames of the open snapshot, in order. Answered by `frames`. */
export interface FetchFrames {
  readonly type: 'fetchFrames';
  readonly id: string;
  readonly sequence: number;
}

export type Request =
  | Hello
  | Prove
  | Inquire
  | Fence
  | InstallView
  | Prepare
  | Outcome
  | Piece
  | Unstage
  | Read
  | ReadMore
  | Ping
  | CatchUp
  | Sound
  | Fetch
  | FetchSnapshot
  | FetchFrames;

/** Answers `hello`: who I am, and my half of the proof. */
export interface Welcome {
  readonly type: 'welcome';
  readonly version: number;
  readonly clusterId: ClusterId;
  readonly storeId: StoreId;
  readonly nonce: string;
  readonly mac: string;
}

/** Answers `prove`: go on. */
export interface Proved {
  readonly type: 'proved';
}

/** Answers anything that must not go on; the connection is closed behind it. */
export interface Refused {
  readonly type: 'refused';
  readonly code:
    | 'version'
    | 'cluster'
    | 'secret'
    | 'epoch'
    | 'generation'
    | 'protocol'
    | 'coordinator'
    | 'superseded'
    | 'failed';
  readonly text: string;
  /** With `epoch`: what the participant has promised to somebody else. */
  readonly epoch: Epoch;
}

/** Answers `inquire` (nothing changed) or `fence` (the epoch is synced). */
export interface StatusReply {
  readonly type: 'status' | 'fenced';
  readonly status: Status;
}

export interface Viewed {
  readonly type: 'viewed';
  /** Of the newest view that is synced here, which may be another one. */
  readonly number: number;
  readonly epoch: Epoch;
}

/** `need`: there is a gap before this txid; neither yes nor no, the connection starts over. */
export interface Vote {
  readonly type: 'vote';
  readonly epoch: number;
  readonly txid: TxId;
  readonly vote: 'yes' | 'no' | 'need';
  /** With `no`: `disk full`, `memory`, `sticky` (an earlier NO of this epoch is open), … */
  readonly reason: string;
}

/** Answers `outcome`: applied (a commit) or dropped (an abort, then synced too). */
export interface Done {
  readonly type: 'done';
  readonly epoch: number;
  readonly txid: TxId;
  /** One number a command: keys that a DEL found. Empty for an abort or a repetition. */
  readonly results: readonly number[];
  readonly position: Position;
  readonly digest: string;
  readonly synced: TxId;
  readonly bytes: number;
  readonly keys: number;
}

/** `have` bytes of the staged payload are synced here: also the answer to a slice out of place. */
export interface Pieced {
  readonly type: 'pieced';
  readonly stage: string;
  readonly have: number;
  /** '' or why the payload cannot be taken (`disk full`, `memory`). */
  readonly refusal: string;
}

/** Answers `read`. `lengths[i]` is -1 for a missing key; `data` is the first part of all values. */
export interface Value {
  readonly type: 'value';
  readonly id: number;
  readonly count: number;
  readonly lengths: readonly number[];
  readonly data: readonly Bytes[];
}

/** Answers a `read` that this participant must not serve now; the coordinator asks another. */
export interface Unreadable {
  readonly type: 'unreadable';
  readonly id: number;
  readonly reason: string;
}

export interface Part {
  readonly type: 'part';
  readonly id: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

export interface Pong {
  readonly type: 'pong';
  readonly sequence: number;
  readonly epoch: Epoch;
  readonly generation: number;
  readonly viewNumber: number;
  readonly position: Position;
  readonly digest: string;
  readonly synced: TxId;
  readonly fit: boolean;
  readonly bytes: number;
  readonly keys: number;
  /** Bytes handled since start on all connections: progress of what is slow. */
  readonly progress: number;
}

export interface CaughtUp {
  readonly type: 'caughtUp';
  readonly attempt: number;
  readonly ok: boolean;
  readonly reason: string;
  readonly position: Position;
  readonly digest: string;
  readonly how: 'delta' | 'snapshot' | 'none';
}

export interface DeltaEntry {
  readonly epoch: number;
  readonly txid: TxId;
  readonly commit: boolean;
  /** Bytes and CRC-32 of the whole payload; both 0 for an abort. */
  readonly length: number;
  readonly crc: number;
  /** The payload from the asked offset on; short only in the last entry, which then goes on. */
  readonly bytes: Buffer;
}

/** Answers `fetch`. `snapshot`: no common history, ask for one. */
export interface Delta {
  readonly type: 'delta';
  readonly verdict: 'entries' | 'upToDate' | 'snapshot' | 'epoch';
  readonly entries: readonly DeltaEntry[];
  /** How far the donor is. */
  readonly position: Position;
  readonly digest: string;
}

export interface SnapshotReply {
  readonly type: 'snapshot';
  /** '' with a reason when the donor cannot now. */
  readonly id: string;
  readonly reason: string;
  readonly bytes: number;
}

export interface Frames {
  readonly type: 'frames';
  readonly id: string;
  readonly sequence: number;
  readonly last: boolean;
  readonly frames: readonly Buffer[];
}

export type Reply =
  | Welcome
  | Proved
  | Refused
  | StatusReply
  | Viewed
  | Vote
  | Done
  | Pieced
  | Value
  | Unreadable
  | Part
  | Pong
  | CaughtUp
  | Delta
  | SnapshotReply
  | Frames;
