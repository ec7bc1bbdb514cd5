/**
 * Brings a member whose connection is new back in step, before it is asked anything else: the
 * outcomes it has not logged, the view, the prepares it has not got, in this order on one
 * connection.
 *
 * Whatever it says of itself is checked first: a member that lacks what was committed, holds
 * another transaction under a number of ours, or found itself damaged, is not a member any more,
 * whatever the view says: it is to be removed and refilled. Knows no I/O and decides nothing about
 * transactions.
 */
import type { Status } from '../rpc/status.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Transactions } from './transactions.js';
import { lastPrepared, whyUnfit } from './verdicts.js';

export class Resync {
  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly transactions: Transactions,
  ) {}

  /** True if the member is ready now; false if it was found unsound. */
  run(peer: Peer, status: Status): boolean {
    const forgotten = this.forgotten(status);
    // While nobody else could stay it is asked again for what is not decided.
    peer.unsound = this.objection(status) || (this.isReplaceable(peer) ? forgotten : '');
    if (peer.unsound !== '') {
      this.core.trace.event('error', `a member must be refilled: ${peer.unsound}`, {
        participant: peer.address,
      });
      return false;
    }
    const { toldTxid, outcomes } = this.core;
    for (let txid = peer.toldTxid + 1; txid <= toldTxid; txid += 1) {
      const held = status.inDoubt[txid - status.resolved.txid - 1];
      const commit = outcomes.get(txid)?.commit ?? true;
      const epoch = outcomes.epochAt(txid) ?? held?.epoch ?? 0;
      this.peers.send(peer, { type: 'outcome', epoch, txid, commit });
    }
    // Behind the outcomes: where it is found on a disk, aborts of before are there too.
    this.membership.sendTo(peer);
    // It lacks nothing that was decided, nor a promise that was counted: what was cut is made good.
    if (status.tailFrom > 0) this.peers.send(peer, { type: 'sound', txid: toldTxid });
    peer.isReady = true;
    this.transactions.resend(peer, lastPrepared(status));
    return true;
  }

  private objection(status: Status): string {
    const { core } = this;
    if (!status.fit) return whyUnfit(status);
    if (status.resolved.txid > core.toldTxid) {
      return `it has ended transaction ${status.resolved.txid}, which was never decided`;
    }
    for (let txid = status.resolved.txid + 1; txid <= core.toldTxid; txid += 1) {
      const held = status.inDoubt[txid - status.resolved.txid - 1];
      const commit = core.outcomes.get(txid)?.commit ?? true;
      if (commit && held === undefined) {
        return `it lacks transaction ${txid}, which was committed`;
      }
      const epoch = core.outcomes.epochAt(txid);
      if (held !== undefined && epoch !== undefined && epoch !== held.epoch) {
        return `it lacks transaction ${epoch}:${txid}, and holds another one instead`;
      }
    }
    return this.leftover(status);
  }

  /** Another member is here that lacks nothing. */
  private isReplaceable(peer: Peer): boolean {
    return this.membership.soundMembers().some((other) => other !== peer);
  }

  /** A vote was counted that its log does not bear out: it has lost what it promised. */
  private forgotten(status: Status): string {
    const txid = this.transactions.takeBackVotes(status.storeId, lastPrepared(status));
    return txid === 0 ? '' : `it lacks transaction ${txid}, for which it had voted`;
  }

  /** What it holds behind our decisions must be ours: anything else ended without it. */
  private leftover({ resolved, inDoubt }: Status): string {
    const { core } = this;
    const stranger = inDoubt
      .slice(Math.max(0, core.toldTxid - resolved.txid))
      .find(({ epoch }) => epoch !== core.epoch.number);
    if (stranger === undefined) return '';
    return `it lacks the end of transaction ${stranger.epoch}:${stranger.txid}, which was not committed`;
  }
}
