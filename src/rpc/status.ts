/**
 * What a participant says of itself, in answer to `inquire` and `fence`: all that a coordinator's
 * recovery knows of it. Plain data; every field was synced before it is said.
 */
import {
  type ClusterId,
  type Epoch,
  type Position,
  type StoreId,
  type TxId,
  type View,
  viewIn,
} from '../base/ids.js';
import type { Lineage } from '../base/lineage.js';

/** A transaction that is prepared and has no outcome yet. */
export interface InDoubt {
  readonly epoch: number;
  readonly txid: TxId;
  readonly crc: number;
}

/** What a participant knows of itself. All of it is durable when it is said. */
export interface Status {
  readonly storeId: StoreId;
  readonly clusterId: ClusterId;
  readonly generation: number;
  /** Holds nothing: new, wiped, or its refill was cut off. */
  readonly empty: boolean;
  /** False: its state was found damaged; it must be refilled from a snapshot. */
  readonly fit: boolean;
  /** An operator has declared another store the truth since all of this was written. */
  readonly overridden: boolean;
  readonly epoch: Epoch;
  readonly view: View | null;
  /** Every txid up to here has ended here. */
  readonly resolved: Position;
  readonly digest: string;
  /** Every outcome up to here is synced here. */
  readonly synced: TxId;
  /** Contiguous from `resolved.txid + 1`. */
  readonly inDoubt: readonly InDoubt[];
  /** The most recent aborted transactions up to `resolved`. */
  readonly aborted: readonly { readonly epoch: number; readonly txid: TxId }[];
  /** Of what is resolved. */
  readonly lineage: Lineage;
  /** Not 0: a torn tail was cut here; absence from this txid on proves nothing. */
  readonly tailFrom: TxId;
  /** Milliseconds since a coordinator's heartbeat arrived, or -1; and that coordinator's epoch. */
  readonly heardMsAgo: number;
  readonly heardEpoch: Epoch;
  /** Of the store with all that is in doubt, as if it were committed and each of its keys new. */
  readonly bytes: number;
  readonly keys: number;
}

/**
 * What it says as it counts in this generation: what an operator has overridden is nothing, but for
 * a view that was stored since.
 */
export function asOf(generation: number, status: Status): Status {
  const counting = { ...status, view: viewIn(generation, status.view) };
  const isVoid = status.overridden || status.generation < generation;
  return isVoid ? { ...counting, empty: true, fit: false } : counting;
}
