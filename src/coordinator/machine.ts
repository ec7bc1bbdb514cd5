/**
 * The coordinator: a synchronous state machine. Inputs go in through `step`, what the world must do
 * comes out of `takeReady`, and `nextTimeoutAt` is its only timer.
 *
 * Knows no socket, file, clock or random source. Its clock stands still while the process does not
 * run (`running-clock.ts`): one that was stopped first handles what has arrived, and blames nobody.
 * Invariant: nothing leaves that promises a record of ours which is not synced (see `core.ts`).
 */
import { unreachable } from '../base/assert.js';
import { type Epoch, type Millis, type StoreId, sameEpoch } from '../base/ids.js';
import type { Prng } from '../base/prng.js';
import type { Trace } from '../ports/trace.js';
import type { Done, Pong, Refused, Reply } from '../rpc/messages.js';
import { type Status, asOf } from '../rpc/status.js';
import { Admission } from './admission.js';
import { Agreement } from './agreement.js';
import { Batcher } from './batcher.js';
import { Clients } from './clients.js';
import { segmentHead, stateRecord } from './base-records.js';
import { type CoordinatorSettings, CoordinatorCore } from './core.js';
import { Integrity } from './integrity.js';
import { Membership } from './membership.js';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';
import { Reads } from './reads.js';
import type { CoordinatorInput, CoordinatorReady } from './ready.js';
import type { CoordinatorRecovered } from './recovery.js';
import { Resync } from './resync.js';
import { RunningClock } from './running-clock.js';
import { Staging } from './staging.js';
import { Takeover } from './takeover.js';
import { Transactions } from './transactions.js';

export interface CoordinatorOptions {
  readonly recovered: CoordinatorRecovered;
  readonly settings: CoordinatorSettings;
  readonly storeId: StoreId;
  readonly clusterId: string;
  readonly generation: number;
  /** The folder was restored or copied from elsewhere: its log may be stale. */
  readonly isCopied: boolean;
  readonly prng: Prng;
  readonly trace: Trace;
  readonly now: Millis;
}

export class Coordinator {
  readonly core: CoordinatorCore;
  readonly peers: Peers;
  readonly membership: Membership;
  readonly admission: Admission;
  private readonly integrity: Integrity;
  private readonly batcher: Batcher;
  private readonly transactions: Transactions;
  private readonly staging: Staging;
  private readonly reads: Reads;
  private readonly resync: Resync;
  private readonly takeover: Takeover;
  private readonly clients: Clients;
  private readonly suspected = new Set<Peer>();
  private readonly clock: RunningClock;

  constructor(options: CoordinatorOptions) {
    const { settings, recovered, prng, clusterId, generation, storeId, trace, now } = options;
    const identity = { clusterId, generation };
    const { outcomes, epochs } = recovered;
    const core = new CoordinatorCore(settings, storeId, identity, outcomes, trace, now);
    this.core = core;
    this.clock = new RunningClock(now, 2 * settings.heartbeatIntervalMs);
    this.peers = new Peers(core, prng, {
      onOpen: (peer) => this.takeover.onOpen(peer),
      onReply: (peer, message) => this.onReply(peer, message),
      onRefused: (peer, message) => this.onRefused(peer, message),
      onDataClosed: (peer) => this.onPeerLost(peer),
      onPong: (peer, message) => this.onPong(peer, message),
    });
    const { peers } = this;
    this.membership = new Membership(core, peers, recovered);
    const { membership } = this;
    this.batcher = new Batcher(core);
    this.transactions = new Transactions(core, peers, membership, this.batcher);
    this.staging = new Staging(core, peers, membership, this.batcher, this.transactions);
    this.reads = new Reads(core, peers, membership);
    this.resync = new Resync(core, peers, membership, this.transactions);
    const agreement = new Agreement();
    this.admission = new Admission(core, peers, membership, this.transactions, agreement, (peer) =>
      this.onAdmitted(peer),
    );
    this.integrity = new Integrity(
      core,
      peers,
      membership,
      agreement,
      this.admission,
      this.reads,
      (text) => this.halt(text),
    );
    const isWithoutLog = options.isCopied || recovered.isUnfinished;
    this.takeover = new Takeover(core, peers, membership, prng, epochs, isWithoutLog, () => {
      this.onServing();
    });
    this.clients = new Clients(
      core,
      peers,
      membership,
      this.batcher,
      this.transactions,
      this.staging,
      this.reads,
    );
    this.membership.onDurable = () => this.takeover.onViewDurable();
    this.membership.onInstalled = () => {
      this.takeover.advance();
      this.advance();
    };
  }

  step(input: CoordinatorInput, now: Millis): void {
    this.core.now = this.clock.read(now);
    this.noticeSuspicions();
    switch (input.type) {
      case 'client':
        this.clients.onRequest(input.client, input.request, input.waitedMs ?? 0);
        return;
      case 'dialOpened':
        this.peers.onDialOpened(input.dial);
        return;
      case 'dialReply':
        this.peers.onDialReply(input.dial, input.message);
        return;
      case 'dialClosed':
        this.peers.onDialClosed(input.dial, input.reason);
        return;
      case 'synced':
        this.core.synced(input.lsn);
        return;
      case 'shutdown':
        this.stop('the coordinator is shutting down');
        return;
      case 'tick':
        this.onTick();
        return;
      default:
        unreachable(input);
    }
  }

  /** What arrived in one turn of the shell's loop, before this call, shares a transaction. */
  takeReady(): CoordinatorReady | null {
    this.transactions.dispatch();
    this.reads.dispatch();
    return this.core.takeReady();
  }

  nextTimeoutAt(): Millis {
    const at = Math.min(
      this.peers.nextTimeoutAt(),
      this.takeover.nextTimeoutAt(),
      this.transactions.nextTimeoutAt(),
      this.staging.nextTimeoutAt(),
      this.reads.nextTimeoutAt(),
      this.admission.nextTimeoutAt(),
      this.clients.nextTimeoutAt(),
      this.core.now + this.core.settings.heartbeatIntervalMs,
    );
    return this.clock.outer(at);
  }

  /** Requests that nobody has answered yet. */
  get pendingRequests(): number {
    return this.core.unanswered;
  }

  /** A new log segment is due: the shell decides by the size of the log. */
  beginCheckpoint(now: Millis): void {
    this.core.now = this.clock.read(now);
    const { core, membership } = this;
    if (core.phase !== 'serving') return;
    const state = stateRecord(core.outcomes, membership, this.takeover.epochs);
    core.checkpoint(segmentHead(state, this.transactions.unsyncedAborts(), membership));
  }

  /** The log can no longer be trusted, or another coordinator took over: nobody is told more. */
  stop(reason: string): void {
    // First of all: nothing that waits may begin while others get their answers.
    this.core.phase = 'stopped';
    this.core.condition = reason;
    this.clients.failAll('TRYAGAIN', reason);
    this.staging.failAll('TRYAGAIN', `not executed: ${reason}`);
    this.transactions.failAll('TRYAGAIN', `not executed: ${reason}`);
    this.reads.failAll('TRYAGAIN', reason);
  }

  /** The participants contradict each other: nothing is served that may be wrong. */
  private halt(text: string): void {
    this.stop(text);
    this.core.phase = 'halted';
    this.core.trace.event('error', text);
  }

  private onTick(): void {
    this.peers.onTick();
    this.noticeSuspicions();
    this.takeover.onTick();
    this.clients.failIfAlone();
    this.transactions.onTick();
    this.staging.onTick();
    this.reads.onTick();
    this.admission.onTick();
    this.clients.onTick();
    this.advance();
  }

  /** Reads leave a member the moment it is suspected, before anything else is sent. */
  private noticeSuspicions(): void {
    for (const peer of this.peers.all) {
      const isSuspected = this.peers.isSuspected(peer);
      if (isSuspected === this.suspected.has(peer)) continue;
      if (isSuspected) {
        this.suspected.add(peer);
        this.core.trace.event('warn', 'a participant does not answer', {
          participant: peer.address,
          reason: this.peers.absence(peer),
        });
        this.reads.onPeerLost(peer);
      } else {
        this.suspected.delete(peer);
        this.transactions.recoveredAt = this.core.now;
        this.core.trace.event('info', 'a participant answers', { participant: peer.address });
      }
      this.transactions.advance();
    }
  }

  private onReply(peer: Peer, message: Reply): void {
    switch (message.type) {
      case 'status':
        this.takeover.onStatus(peer, message.status);
        return;
      case 'fenced':
        this.onFenced(peer, asOf(this.core.generation, message.status));
        return;
      case 'viewed':
        this.takeover.onViewed(peer, message);
        this.advance();
        return;
      case 'vote':
        this.transactions.onVote(peer, message);
        return;
      case 'done':
        this.onDone(peer, message);
        return;
      case 'pieced':
        this.staging.onPieced(peer, message);
        return;
      case 'value':
        this.reads.onValue(peer, message);
        return;
      case 'part':
        this.reads.onPart(peer, message);
        return;
      case 'unreadable':
        this.reads.onUnreadable(peer, message);
        return;
      case 'caughtUp':
        this.admission.onCaughtUp(peer, message);
        return;
      default:
        this.peers.restart(peer, `it sent an unexpected ${message.type}`);
    }
  }

  private onFenced(peer: Peer, status: Status): void {
    if (!sameEpoch(status.epoch, this.core.epoch)) return; // It is to be asked again.
    peer.fenced(status);
    if (this.core.phase !== 'serving') {
      this.takeover.onFenced(peer, status);
      return;
    }
    this.membership.noteStatus(status);
    this.include(peer, status);
    this.advance();
  }

  /** A fenced participant while we serve: a member comes back in step, anybody else catches up. */
  private include(peer: Peer, status: Status): void {
    if (!this.membership.has(peer)) {
      this.admission.consider(peer, false);
      return;
    }
    if (!this.resync.run(peer, status)) return;
    this.integrity.observe(peer, status.resolved, status.digest);
    this.staging.onPeerReady(peer);
  }

  private onServing(): void {
    for (const peer of this.peers.all) {
      if (peer.isFenced && peer.status !== null) this.include(peer, peer.status);
    }
    this.clients.onServing();
    this.advance();
  }

  private onAdmitted(peer: Peer): void {
    peer.unsound = '';
    peer.needs = 0;
    peer.sizedAt = 0; // It may have been refilled from further on.
    peer.isReady = true;
    this.peers.send(peer, { type: 'sound', txid: this.core.lastTxid });
    this.staging.onPeerReady(peer);
    this.core.trace.event('info', 'a participant is a member again', {
      participant: peer.address,
    });
  }

  private onPeerLost(peer: Peer): void {
    this.reads.onPeerLost(peer);
    this.admission.onPeerLost(peer);
    this.transactions.advance();
  }

  private onRefused(peer: Peer, message: Refused): void {
    const { epoch, phase } = this.core;
    const isOverridden = message.code === 'generation';
    if ((message.code !== 'epoch' && !isOverridden) || phase === 'stopped') return;
    if (isOverridden && phase !== 'recovering') {
      this.leave(`an operator forced another view: ${message.text}, says ${peer.address}`);
      return;
    }
    if (isOverridden || message.epoch.number < epoch.number) {
      this.takeover.onPromisedOther(peer, message.epoch);
      return;
    }
    // Two that chose the same number: the other one was first here.
    if (sameEpoch(epoch, message.epoch) || epoch.number === 0) return;
    if (phase === 'serving' && !this.membership.has(peer)) return;
    this.fencedOff(peer, message.epoch);
  }

  private fencedOff(peer: Peer, epoch: Epoch): void {
    this.leave(
      `another coordinator took over (epoch ${epoch.number} at ${peer.address}, ` +
        `ours is ${this.core.epoch.number})`,
    );
  }

  /** Somebody else is the coordinator now: everybody is answered, then the process ends. */
  private leave(reason: string): void {
    this.stop(reason);
    this.core.exit(reason);
  }

  private onDone(peer: Peer, message: Done): void {
    if (this.core.phase !== 'serving') return; // Its next pong says it again.
    const { position, digest } = message;
    if (position.txid === message.txid) this.integrity.observe(peer, position, digest);
    this.transactions.onDone(peer, message);
    this.noteReport(peer, message);
    this.integrity.settle();
    this.admission.advance();
  }

  private noteReport(peer: Peer, report: Done | Pong): void {
    const { synced, position } = report;
    peer.noteSize(position.txid, report);
    peer.syncedTxid = Math.max(peer.syncedTxid, synced);
    // What is not synced there may be unresolved again after its next start.
    if (this.membership.has(peer)) this.transactions.reported(Math.min(synced, position.txid));
  }

  private onPong(peer: Peer, message: Pong): void {
    if (message.epoch.number > this.core.epoch.number && this.core.phase === 'serving') {
      const isOver = this.membership.has(peer) || message.generation > this.core.generation;
      if (isOver) this.fencedOff(peer, message.epoch);
      return;
    }
    if (this.core.phase === 'recovering') this.takeover.onPong(peer, message);
    if (!peer.isFenced || this.core.phase !== 'serving') return;
    if (!message.fit && peer.unsound === '') {
      peer.unsound = 'it found its store damaged';
      this.reads.onPeerLost(peer);
    }
    this.noteReport(peer, message);
    if (this.membership.has(peer) && peer.isReady) {
      this.integrity.observe(peer, message.position, message.digest);
    }
    this.integrity.settle();
    this.advance();
  }

  /** Everything that may have become possible through what just happened. */
  private advance(): void {
    if (this.core.phase !== 'serving') return;
    this.integrity.advance();
    this.transactions.finishAborts();
    this.transactions.advance();
    this.staging.advance();
    this.admission.advance();
  }
}
