/**
 * Lets participants in that are not in the view: has them catch up from a donor, and admits them at
 * a short barrier.
 *
 * Rounds of catching up go on beside the writes until the gap is small. Then nothing new is sent
 * (the barrier), what is in flight ends, the joiner takes the rest, and its chain and digest must
 * equal those of every member at that very txid; only then is a view proposed that adds it. The
 * barrier is given up after well under a second, so a slow joiner costs the clients no more than
 * that. Several participants may catch up at once; they enter one after the other.
 * Invariant: when a view that adds a member is proposed, every earlier txid is decided and durable
 * on every member, the joiner included, and no later one was sent.
 */
import type { Millis } from '../base/ids.js';
import type { CaughtUp } from '../rpc/messages.js';
import type { Agreement } from './agreement.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Transactions } from './transactions.js';

/** Transactions behind, at which the barrier may begin. */
const SMALL_GAP = 64;
/** Rounds after which the barrier begins with a larger gap: writes outrun the delta. */
const PATIENT_ROUNDS = 8;
const BARRIER_MS: Millis = 400;
const RETRY_MS: Millis = 200;
const RETRY_MAX_MS: Millis = 2000;

interface Join {
  attempt: number;
  phase: 'waiting' | 'pulling' | 'near';
  rounds: number;
  failures: number;
  retryAt: Millis;
  /** While a catch-up is under way: when to ask whether the connection still leads anywhere. */
  probeAt: Millis;
  fresh: boolean;
  how: CaughtUp['how'];
}

interface Barrier {
  readonly peer: Peer;
  readonly until: Millis;
  isFinalSent: boolean;
}

export class Admission {
  private readonly joins = new Map<Peer, Join>();
  private barrier: Barrier | null = null;
  private attempts = 0;
  private donorTurn = 0;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly transactions: Transactions,
    private readonly agreement: Agreement,
    private readonly onAdmitted: (peer: Peer) => void,
  ) {}

  isJoining(peer: Peer): boolean {
    return this.joins.has(peer);
  }

  /** A fenced participant that is not in the view; `fresh` if a delta must not be trusted. */
  consider(peer: Peer, fresh: boolean): void {
    if (this.core.phase !== 'serving' || this.membership.has(peer) || !peer.isFenced) return;
    const known = this.joins.get(peer);
    if (known !== undefined) {
      known.fresh ||= fresh;
      return;
    }
    const retryAt = this.core.now;
    this.joins.set(peer, {
      attempt: 0,
      phase: 'waiting',
      rounds: 0,
      failures: 0,
      retryAt,
      probeAt: Infinity,
      fresh,
      how: 'none',
    });
    this.core.trace.event('info', 'a participant is catching up', { participant: peer.address });
    this.advance();
  }

  onPeerLost(peer: Peer): void {
    if (this.barrier?.peer === peer) this.liftBarrier();
    this.joins.delete(peer);
  }

  onCaughtUp(peer: Peer, message: CaughtUp): void {
    const join = this.joins.get(peer);
    if (join?.attempt !== message.attempt || join.phase === 'waiting') return;
    if (!message.ok) {
      this.postpone(peer, join, message.reason);
      return;
    }
    if (message.how !== 'none') join.how = message.how === 'snapshot' ? 'snapshot' : join.how;
    if (join.how === 'none') join.how = message.how;
    join.fresh = false;
    join.rounds += 1;
    peer.position = message.position;
    if (this.barrier?.peer === peer && this.barrier.isFinalSent) {
      this.admit(peer, join, message);
      return;
    }
    const gap = this.core.outcomes.decidedTxid - message.position.txid;
    const near = gap <= SMALL_GAP || join.rounds >= PATIENT_ROUNDS;
    join.phase = near ? 'near' : 'waiting';
    this.advance();
  }

  /** Called whenever something may have made the next step possible. */
  advance(): void {
    const { core } = this;
    if (core.phase !== 'serving') return;
    for (const [peer, join] of this.joins) {
      if (this.isDue(peer, join) && core.now >= join.retryAt) this.pull(peer, join);
    }
    if (this.barrier === null) this.raiseBarrier();
    else this.driveBarrier(this.barrier);
  }

  onTick(): void {
    if (this.barrier !== null && this.core.now >= this.barrier.until) {
      const { peer } = this.barrier;
      const join = this.joins.get(peer);
      this.liftBarrier();
      if (join !== undefined) this.postpone(peer, join, 'the barrier took too long');
    }
    for (const [peer, join] of this.joins) this.probe(peer, join);
    this.advance();
  }

  nextTimeoutAt(): Millis {
    let at = this.barrier?.until ?? Infinity;
    for (const [peer, join] of this.joins) {
      if (this.isDue(peer, join)) at = Math.min(at, join.retryAt);
      if (join.phase === 'pulling') at = Math.min(at, join.probeAt);
    }
    return at;
  }

  /**
   * Catching up may take minutes, in which nothing is said on the data connection; one that has
   * become half-open would never be found out. So something is asked that is answered at once.
   */
  private probe(peer: Peer, join: Join): void {
    if (join.phase !== 'pulling' || this.core.now < join.probeAt) return;
    join.probeAt = this.core.now + this.core.settings.failureTimeoutMs;
    this.peers.send(peer, { type: 'inquire' });
  }

  /**
   * Catching up voids what the joiner has promised, so no view that may still count may name it:
   * if this coordinator were lost now, its answer could be the one that tells what was decided.
   */
  private isDue(peer: Peer, join: Join): boolean {
    return join.phase === 'waiting' && !this.membership.isCountedOn(peer);
  }

  private pull(peer: Peer, join: Join): void {
    const donors = this.membership.soundMembers();
    this.donorTurn += 1;
    const donor = donors[this.donorTurn % Math.max(1, donors.length)];
    if (donor === undefined || donor.storeId === null) {
      join.retryAt = this.core.now + RETRY_MS;
      return;
    }
    this.attempts += 1;
    join.attempt = this.attempts;
    join.phase = 'pulling';
    join.probeAt = this.core.now + this.core.settings.failureTimeoutMs;
    this.peers.send(peer, {
      type: 'catchUp',
      attempt: join.attempt,
      donorAddress: donor.address,
      donorStoreId: donor.storeId,
      fresh: join.fresh,
    });
  }

  private raiseBarrier(): void {
    if (!this.membership.isSettledEnough) return;
    const found = [...this.joins].find(([, join]) => join.phase === 'near');
    if (found === undefined) return;
    const [peer] = found;
    this.barrier = { peer, until: this.core.now + BARRIER_MS, isFinalSent: false };
    this.transactions.isHeld = true;
    this.driveBarrier(this.barrier);
  }

  private driveBarrier(barrier: Barrier): void {
    const join = this.joins.get(barrier.peer);
    if (join === undefined || barrier.isFinalSent) return;
    if (!this.transactions.isQuiet || this.stateOfMembers() === null) return;
    barrier.isFinalSent = true;
    this.pull(barrier.peer, join);
  }

  /** Chain and digest that all members which stay report at the last txid; null until they have. */
  private stateOfMembers(): string | null {
    const stay = this.staying().map((peer) => peer.storeId ?? '');
    return stay.length === 0 ? null : this.agreement.commonState(this.core.lastTxid, stay);
  }

  /** Members that are silent leave by the view that lets the joiner in. */
  private staying(): Peer[] {
    return this.membership.soundMembers();
  }

  private admit(peer: Peer, join: Join, message: CaughtUp): void {
    const { core } = this;
    const expected = this.stateOfMembers();
    const staying = this.staying();
    const mayFollow = this.membership.mayFollow([...staying, peer]);
    const quiet = this.transactions.isQuiet && this.membership.isSettledEnough && mayFollow;
    if (expected === null || !quiet || message.position.txid !== core.lastTxid) {
      this.liftBarrier();
      this.postpone(peer, join, 'the cluster moved on meanwhile');
      return;
    }
    if (expected !== `${message.position.chain} ${message.digest}`) {
      join.fresh = true;
      core.counters.divergences += 1;
      this.liftBarrier();
      this.postpone(peer, join, 'its state differs from the members’ at the same transaction');
      core.trace.event('error', 'a participant caught up to a different state and is refilled', {
        participant: peer.address,
        txid: core.lastTxid,
      });
      return;
    }
    core.counters.rejoins += 1;
    if (join.how === 'snapshot') core.counters.rejoinsBySnapshot += 1;
    this.joins.delete(peer);
    this.membership.propose([...staying, peer], 'a participant has caught up');
    // From here on only the log can delay it: what began meanwhile would miss the new member.
    const barrier = { peer, until: Infinity, isFinalSent: true };
    this.barrier = barrier;
    core.gate.whenSynced(() => {
      if (peer.isFenced && !peer.isReady && this.membership.has(peer)) this.onAdmitted(peer);
      if (this.barrier === barrier) this.liftBarrier();
    });
  }

  private liftBarrier(): void {
    this.barrier = null;
    this.transactions.isHeld = false;
  }

  private postpone(peer: Peer, join: Join, reason: string): void {
    if (this.barrier?.peer === peer) this.liftBarrier();
    join.phase = 'waiting';
    join.rounds = 0;
    join.failures += 1;
    join.retryAt = this.core.now + Math.min(RETRY_MAX_MS, RETRY_MS * join.failures);
    this.core.counters.failedRejoins += 1;
    this.core.trace.event('info', `catching up goes on later: ${reason}`, {
      participant: peer.address,
    });
  }
}
