import type { TxId } from '../base/ids.js';

/** What a snapshot says of itself: first frame of the stream. */
export interface SnapshotHeader {
  readonly txid: TxId;
  /** Epoch number of the last committed transaction. */
  readonly epoch: number;
  readonly chain: string;
  readonly digest: string;
  readonly keys: number;
  readonly bytes: number;
  /**
   * The most recent aborted transactions: what is at or below `txid` and not here was committed.
   */
  readonly aborted: readonly { readonly epoch: number; readonly txid: TxId }[];
}
