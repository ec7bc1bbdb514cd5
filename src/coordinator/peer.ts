/**
 * One configured participant as the coordinator sees it: its two connections, what it last said of
 * itself, and what it was told. Sends nothing and decides nothing: see `peers.ts`.
 */
import type { Millis, Position, StoreId, TxId, View } from '../base/ids.js';
import type { Status } from '../rpc/status.js';
import { Channel } from './channel.js';
import { Debt } from './debt.js';
import { FailureDetector } from './failure-detector.js';

/** A participant's place in the system, for people: see INFO. */
export type PeerState = 'member' | 'suspected' | 'joining' | 'out' | 'unreachable' | 'new';

export class Peer {
  readonly data: Channel;
  readonly heart: Channel;
  readonly detector: FailureDetector;
  storeId: StoreId | null = null;
  /** Of the current data connection: from `inquire` or `fence`. */
  status: Status | null = null;
  isFenced = false;
  /** Nonce of the epoch that it was sent a fence of, on the current data connection. */
  fencedFor = '';
  /** Since when it should be fenced and is not, however often it was dialled since. */
  missedSince: Millis = Infinity;
  /** Up to here it had the outcomes as it was fenced, or was told them before it is ready. */
  toldTxid: TxId = 0;
  /** The view that it was sent last since it was fenced. */
  toldView: View | null = null;
  /** View, outcomes and prepares were sent on this connection: it gets what follows, and reads. */
  isReady = false;
  /** Why its store must be refilled whatever it says; '' normally. */
  unsound = '';
  /** Why it was last refused or lost, for people. */
  trouble = 'never reached';
  /** Why it last left the view; '' if it did not since this start. */
  removedBecause = '';
  position: Position | null = null;
  syncedTxid = 0;
  bytes = 0;
  keys = 0;
  /** What its store had resolved when it was of this size. */
  sizedAt: TxId = 0;
  needs = 0;
  readonly debt = new Debt();
  state: PeerState = 'unreachable';
  stateSince: Millis;
  nextPingAt: Millis;

  constructor(
    readonly address: string,
    readonly index: number,
    timeoutMs: Millis,
    now: Millis,
  ) {
    this.data = new Channel('data', now);
    this.heart = new Channel('heartbeat', now);
    this.detector = new FailureDetector(timeoutMs, now);
    this.stateSince = now;
    this.nextPingAt = now;
  }

  /** When its silence is long enough, if it lasts. */
  get silentAt(): Millis {
    return this.detector.suspectedAt(this.heart.isLost);
  }

  /** It is bound to our epoch, and this is what it is. */
  fenced(status: Status): void {
    this.isFenced = true;
    this.missedSince = Infinity;
    this.status = status;
    this.toldTxid = status.resolved.txid;
    this.toldView = null;
    this.position = status.resolved;
    this.syncedTxid = status.synced;
    this.sizedAt = 0;
    this.noteSize(status.resolved.txid + status.inDoubt.length, status);
  }

  /** Reports of two connections may be read in another order than they were made in. */
  noteSize(resolved: TxId, { bytes, keys }: Pick<Status, 'bytes' | 'keys'>): void {
    if (resolved < this.sizedAt) return;
    this.sizedAt = resolved;
    this.bytes = bytes;
    this.keys = keys;
  }
}
