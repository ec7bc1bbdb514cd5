/**
 * Binds participants to the epoch of a start: sends each its fence, keeps what those said that are
 * bound, and tells them what is known and the view. Decides nothing.
 *
 * Invariants: one fence a connection, before anything else of the epoch, so that its answer tells
 * of nothing that was sent behind it; until all members are bound nobody else is sent one, because
 * a start that hears the members alone must see the highest epoch of all.
 */
import { type StoreId, type TxId, type View, isMember, newestView, viewIn } from '../base/ids.js';
import type { Status } from '../rpc/status.js';
import type { CoordinatorCore } from './core.js';
import { type Inquiry, membersOf } from './inquiry.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import { doubted, knownEnds, lastEpoch, lastPrepared, type Verdicts } from './verdicts.js';

interface Had {
  readonly txid: TxId;
  /** Of that transaction. */
  readonly epoch: number;
  readonly view: View | null;
}

/** Whose turn it is: members of views that count, everybody asked, or whoever comes. */
export type Turn = 'members' | 'asked' | 'anybody';

export class Fences {
  /** Of those that are bound, connected or not; the members' as they are judged. */
  readonly statuses = new Map<StoreId, Status>();
  /** What a store has ever said in this start that it had: transactions up to there, a view. */
  private readonly heard = new Map<StoreId, Had>();
  /** Known to be damaged or cut by more than what this start has heard. */
  private readonly marked = new Set<StoreId>();

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly inquiry: Inquiry,
  ) {}

  /** A new epoch: nobody is bound to it yet. */
  begin(turn: Turn): void {
    this.statuses.clear();
    for (const peer of this.peers.all) {
      peer.isFenced = false;
      peer.missedSince = Infinity;
    }
    this.noteMissed(turn);
  }

  /**
   * It says this, bound or not. A transaction of a later epoch was begun behind all that had not
   * been voided by then: what of earlier ones was told of from there on does not count any more.
   */
  hear(told: Status): Had {
    const { storeId } = told;
    const { lastInstalled } = this.membership;
    const stored = isMember(lastInstalled, storeId) ? lastInstalled : null;
    const before = this.heard.get(storeId) ?? { txid: 0, epoch: 0, view: null };
    const last = { txid: lastPrepared(told), epoch: lastEpoch(told) };
    const isLater = last.epoch > before.epoch;
    const isFurther = last.epoch === before.epoch && last.txid > before.txid;
    const { txid, epoch } = isLater || isFurther ? last : before;
    const view = viewIn(this.core.generation, newestView([before.view, stored, told.view]));
    const had = { txid, epoch, view };
    this.heard.set(storeId, had);
    return had;
  }

  /** It is bound, and says this: held against what is known that it has had. */
  note(told: Status): Status {
    const { storeId, fit, tailFrom } = told;
    const { txid, view } = this.hear(told);
    if (fit && tailFrom === 0) this.marked.delete(storeId);
    else this.marked.add(storeId);
    const status = doubted(told, view, txid);
    this.statuses.set(storeId, status);
    return status;
  }

  /**
   * Sends a member that decides the view of this start, behind all outcomes that anybody here knows
   * of. They are on its disk before the view is: who finds it there, and asks nobody that is left
   * out, finds them too. A view of before it need not know, and might then pass for one that had
   * lost nothing. Who does not decide, since its own mark says so, could not be told what it lacks,
   * so it gets no outcomes, and a view only if that leaves out nobody who was asked, nor whom it
   * would lead to now: who finds it there later asks no fewer than before.
   */
  show(peer: Peer, verdicts: Verdicts, asked: Iterable<StoreId>): void {
    const { status } = peer;
    const { announced } = this.membership;
    if (status === null || announced === null || peer.toldView === announced) return;
    if (!verdicts.deciders.includes(status.storeId)) {
      const known = (status.view?.members ?? []).map(({ storeId }) => storeId);
      const isWhole = [...asked, ...known].every((storeId) => isMember(announced, storeId));
      if (isWhole && this.marked.has(status.storeId)) this.membership.sendTo(peer);
      return;
    }
    if (!this.membership.isOfThisStart) return;
    for (const { epoch, txid, commit } of knownEnds(status, verdicts, this.core.outcomes)) {
      if (txid <= peer.toldTxid) continue;
      this.peers.send(peer, { type: 'outcome', epoch, txid, commit });
      peer.toldTxid = txid;
    }
    this.membership.sendTo(peer);
  }

  /** Asks first what it has promised, unless that is known or does not matter any more. */
  send(peer: Peer, turn: Turn): void {
    const { clusterId, generation, epoch } = this.core;
    const expected = turn === 'anybody' ? null : this.inquiry.promiseOf(peer);
    if (expected === undefined) {
      this.inquiry.onOpen(peer);
      return;
    }
    if (peer.data.state !== 'open' || peer.fencedFor === epoch.nonce) return;
    if (!this.isItsTurn(peer, turn)) return;
    peer.fencedFor = epoch.nonce;
    const forced = turn !== 'anybody' && peer === this.inquiry.forcedPeer;
    this.peers.send(peer, { type: 'fence', epoch, clusterId, generation, forced, expected });
  }

  /** What was heard meanwhile may have made it somebody's turn. */
  sendToHeard(turn: Turn): void {
    this.noteMissed(turn);
    for (const peer of this.peers.all) {
      if (this.inquiry.promiseOf(peer) !== undefined) this.send(peer, turn);
    }
  }

  /** Nobody is blamed for what it was not asked. */
  private noteMissed(turn: Turn): void {
    const { now } = this.core;
    for (const peer of this.peers.all) {
      if (peer.isFenced || !this.isItsTurn(peer, turn)) continue;
      peer.missedSince = Math.min(peer.missedSince, now);
    }
  }

  /** Who has not said who it is may be a member. */
  private isItsTurn({ storeId }: Peer, turn: Turn): boolean {
    if (turn !== 'members' || storeId === null) return true;
    const { latest: view, views } = this.membership;
    if (view === null || this.core.settings.forcedView !== '') return true;
    const { inquiry, statuses } = this;
    const counting = inquiry.isWithoutLog ? inquiry.viewsThatCount(view, statuses.values()) : views;
    return membersOf(counting).some((member) => member.storeId === storeId);
  }
}
