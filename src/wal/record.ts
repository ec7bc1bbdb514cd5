/**
 * The records of the write-ahead log of both roles: a closed union, one comment a member that says
 * who writes it and what it promises. Knows nothing of bytes (see `format.ts`, `codec.ts`), files
 * or protocol steps.
 */
import type { ClusterId, Epoch, StoreId, TxId, View } from '../base/ids.js';
import type { Lineage } from '../base/lineage.js';

/**
 * Participant: this transaction is durable here and awaits its outcome. Written before the vote.
 */
export interface PreparedRecord {
  readonly kind: 'prepared';
  /** Number of the epoch whose PREPARE this is: (epoch, txid) is the transaction's identity. */
  readonly epoch: number;
  readonly txid: TxId;
  readonly view: number;
  /** Encoded commands (`storage/commands.ts`); empty when the payload was staged in pieces. */
  readonly payload: Buffer;
  /** Name of the staged payload, or ''. */
  readonly stage: string;
  /** Bytes and CRC-32 of the whole payload, staged or not. */
  readonly length: number;
  readonly crc: number;
}

/**
 * Participant: a slice of a payload too large for one message. Void at the next epoch unless
 * prepared. A `total` of 0 says that what was staged under the name is dropped.
 */
export interface PieceRecord {
  readonly kind: 'piece';
  readonly stage: string;
  readonly offset: number;
  readonly total: number;
  readonly bytes: Buffer;
}

/**
 * Both roles: the outcome of a transaction. At the coordinator an abort is synced before anyone
 * hears of it; a commit need not be, since the members' PREPARED records prove it.
 */
export interface OutcomeRecord {
  readonly kind: 'commit' | 'abort';
  readonly epoch: number;
  readonly txid: TxId;
}

/** Coordinator: every member of the view has synced all outcomes up to `txid`. Never forced. */
export interface DoneRecord {
  readonly kind: 'commitDone' | 'abortDone';
  readonly epoch: number;
  readonly txid: TxId;
}

/**
 * Both roles: the coordinator before it sends the view, a member before anything is decided under
 * it. At the coordinator once more when all its members have synced it.
 */
export interface ViewRecord {
  readonly kind: 'view';
  readonly view: View;
}

/**
 * Coordinator: before the epoch is first used. Participant: before it answers the fence, and at a
 * start whose log has lost it.
 */
export interface EpochRecord {
  readonly kind: 'epoch';
  readonly epoch: Epoch;
  /** Coordinator: until a STATE follows, this log gives no right to leave members out. */
  readonly withoutLog?: true;
}

/**
 * Participant: the state is exactly the snapshot that bears this segment's number; all older
 * records are void. First record of its segment. Without that snapshot the folder counts as empty.
 */
export interface ResetRecord {
  readonly kind: 'reset';
  readonly txid: TxId;
  readonly epoch: number;
  readonly chain: string;
}

/** Participant: everything in doubt from `txid` on is void (written when a rejoin begins). */
export interface VoidRecord {
  readonly kind: 'void';
  readonly txid: TxId;
}

/** Participant: a torn tail with non-zero bytes was cut; absence from `txid` on proves nothing. */
export interface TailRecord {
  readonly kind: 'tail';
  readonly txid: TxId;
}

/** Participant: its state was compared and accepted by the coordinator; ends a `tail` warning. */
export interface SoundRecord {
  readonly kind: 'sound';
  readonly txid: TxId;
}

/** Coordinator: all it knows, first record of a new segment, so that older segments may go. */
export interface StateRecord {
  readonly kind: 'state';
  /** Every txid up to here is decided. */
  readonly lastTxid: TxId;
  /** Every txid up to here is decided, and its outcome is synced on every member. */
  readonly settledTxid: TxId;
  readonly view: View | null;
  readonly epochs: readonly Epoch[];
  /** Outcomes above `settledTxid`, and some older ones that a client may still ask for. */
  readonly recent: readonly {
    readonly epoch: number;
    readonly txid: TxId;
    readonly commit: boolean;
  }[];
  /** Of what is decided; empty if nothing is, or in a folder of 0.1.0. */
  readonly lineage: Lineage;
}

export type WalRecord =
  | PreparedRecord
  | PieceRecord
  | OutcomeRecord
  | DoneRecord
  | ViewRecord
  | EpochRecord
  | ResetRecord
  | VoidRecord
  | TailRecord
  | SoundRecord
  | StateRecord;

/** What may still be refused: it must not take the space that is kept for outcomes. */
export function isPromise(record: WalRecord): boolean {
  return record.kind === 'prepared' || (record.kind === 'piece' && record.total > 0);
}

/** What a fence changes of a folder's identity; see `Meta.overridden`. */
export interface Adoption {
  readonly clusterId: ClusterId;
  readonly generation: number;
  readonly overridden: boolean;
}

/** What a data folder says of itself, in the small doubly written file. */
export interface FolderIdentity {
  readonly role: 'coordinator' | 'participant';
  readonly storeId: StoreId;
  /** '' until the folder has joined a cluster. */
  readonly clusterId: ClusterId;
  /** Raised by an operator's override: folders of different generations never mix histories. */
  readonly generation: number;
}
