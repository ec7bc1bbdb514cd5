/**
 * The door for client requests: waits for recovery where that may help, refuses what would break a
 * limit, and hands the rest on. Whatever is refused here certainly did not happen.
 */
import { unreachable } from '../base/assert.js';
import type { Millis } from '../base/ids.js';
import type { StoreRequest, WriteCommand } from '../base/store-request.js';
import { DISK_FULL, unanimousNo } from './aborts.js';
import { type Batcher, needsStaging } from './batcher.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peers } from './peers.js';
import type { Reads } from './reads.js';
import type { ClientRef } from './ready.js';
import type { Staging } from './staging.js';
import type { PendingWrite } from './transaction.js';
import type { Transactions } from './transactions.js';

interface Held {
  readonly client: ClientRef;
  readonly request: StoreRequest;
  readonly arrivedAt: Millis;
  readonly deadline: Millis;
}

export class Clients {
  private held: Held[] = [];

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly batcher: Batcher,
    private readonly transactions: Transactions,
    private readonly staging: Staging,
    private readonly reads: Reads,
  ) {}

  onRequest(client: ClientRef, request: StoreRequest, waitedMs: Millis): void {
    const { core } = this;
    const arrivedAt = core.now - waitedMs;
    core.unanswered += 1;
    switch (core.phase) {
      case 'recovering':
        this.hold(client, request, arrivedAt);
        return;
      case 'halted':
      case 'stopped':
        core.fail(client, 'ERR', core.condition);
        return;
      case 'serving':
        if (this.isBeyondLimit(request)) core.fail(client, 'TRYAGAIN', TOO_MANY);
        else this.serve(client, request, arrivedAt);
        return;
      default:
        unreachable(core.phase);
    }
  }

  /** What they have waited is part of their time: nobody waits for recovery and then anew. */
  onServing(): void {
    for (const { client, request, arrivedAt } of this.held.splice(0)) {
      this.serve(client, request, arrivedAt);
    }
  }

  onTick(): void {
    const { core } = this;
    const late = this.held.filter((held) => core.now >= held.deadline);
    this.held = this.held.filter((held) => core.now < held.deadline);
    for (const { client } of late) core.fail(client, 'LOADING', this.stillRecovering());
  }

  nextTimeoutAt(): Millis {
    return this.held.reduce((at, held) => Math.min(at, held.deadline), Infinity);
  }

  failAll(code: string, text: string): void {
    for (const { client } of this.held.splice(0)) this.core.fail(client, code, text);
  }

  /** Questions about a transaction are answered at once and wait for nobody. */
  private isBeyondLimit(request: StoreRequest): boolean {
    return request.type !== 'txstatus' && this.hasTooMany();
  }

  private hasTooMany(): boolean {
    return this.core.unanswered > this.core.settings.maxQueuedRequests;
  }

  private hold(client: ClientRef, request: StoreRequest, arrivedAt: Millis): void {
    const { core } = this;
    const { recoveryWaitMs } = core.settings;
    const isHopeless =
      core.now - core.startedAt > recoveryWaitMs &&
      this.peers.all.every((peer) => this.peers.isSuspected(peer));
    if (isHopeless) core.fail(client, 'LOADING', this.stillRecovering());
    else if (this.hasTooMany()) core.fail(client, 'LOADING', TOO_MANY);
    else this.held.push({ client, request, arrivedAt, deadline: arrivedAt + recoveryWaitMs });
  }

  private stillRecovering(): string {
    return `the coordinator is recovering: ${this.core.condition}`;
  }

  private serve(client: ClientRef, request: StoreRequest, arrivedAt: Millis): void {
    switch (request.type) {
      case 'read':
        this.reads.onRead(client, request.command, arrivedAt);
        return;
      case 'write':
        this.write(client, request.command, arrivedAt);
        return;
      case 'txstatus':
        this.tellStatus(client, request.txid);
        return;
      default:
        unreachable(request);
    }
  }

  private write(client: ClientRef, command: WriteCommand, arrivedAt: Millis): void {
    const write = this.batcher.makeWrite(client, command, arrivedAt);
    const refusal = this.objection(write);
    if (refusal !== null) {
      this.core.fail(client, refusal.code, refusal.text);
      return;
    }
    if (this.staging.holds(write)) return;
    if (needsStaging(write)) {
      this.staging.add(write);
    } else {
      this.batcher.add(write);
    }
  }

  /**
   * With nobody left to do or decide anything, what was begun may happen and the rest has not.
   * Members that answer heartbeats are there: a disk that stalls for all of them may end in time.
   */
  failIfAlone(): void {
    const { core, membership } = this;
    if (core.phase !== 'serving') return;
    if (membership.memberPeers().some((peer) => core.now < peer.silentAt)) return;
    const text = `not executed: ${this.nobodyLeft()}`;
    this.staging.failAll('TRYAGAIN', text);
    this.transactions.failAll('TRYAGAIN', text);
  }

  private nobodyLeft(): string {
    const names = this.membership.latest?.members.map((member) => member.address).join(', ') ?? '';
    return `no participant can be reached: waiting for ${names}`;
  }

  private objection(write: PendingWrite): { code: string; text: string } | null {
    const { core, membership } = this;
    const { minParticipants } = core.settings;
    const live = membership.reachable;
    if (live === 0) return { code: 'TRYAGAIN', text: this.nobodyLeft() };
    if (live < minParticipants) {
      const text = `Not enough good replicas to write. ${live} of at least ${minParticipants} participants are there.`;
      return { code: 'NOREPLICAS', text };
    }
    const refusal = write.command.op === 'set' ? this.lacksRoom(write) : null;
    if (refusal !== null) return refusal;
    const mayTry = core.fullDisk.mayTry(core.now, core.counters.commits, write.bytes);
    return mayTry ? null : unanimousNo([DISK_FULL]);
  }

  /** Pessimistic on purpose: what is under way counts as if every key were new. */
  private lacksRoom(write: PendingWrite): { code: string; text: string } | null {
    const { core, batcher, transactions, staging } = this;
    let stored = 0;
    let keys = 0;
    for (const peer of this.peers.all) {
      // A silent one must not keep every write away: only a write makes it leave the view.
      if (!this.membership.isReachable(peer)) continue;
      stored = Math.max(stored, peer.bytes);
      keys = Math.max(keys, peer.keys);
    }
    const begun = transactions.underWay;
    const underWay = batcher.bytes + begun.bytes + staging.bytes;
    const pairs = batcher.pairs + begun.pairs + write.pairs;
    const isFull = stored + underWay + write.bytes > core.settings.maxMemoryBytes;
    const hasTooManyKeys = keys + pairs > core.settings.maxKeys;
    if (!isFull && !hasTooManyKeys) return null;
    const what = isFull ? "used memory > 'maxmemory'" : 'the number of keys has reached max_keys';
    return { code: 'OOM', text: `command not allowed when ${what}.` };
  }

  private tellStatus(client: ClientRef, name: string): void {
    const match = /^(\d{1,15}):(\d{1,15})$/.exec(name);
    if (match === null) {
      this.core.fail(client, 'ERR', 'a transaction is named EPOCH:TXID');
      return;
    }
    const epoch = Number(match[1]);
    const txid = Number(match[2]);
    const decision = this.core.outcomes.get(txid);
    if (decision !== undefined && txid <= this.core.toldTxid) {
      // If another transaction bears this number, the asker's was never decided, nor will it be.
      const isDone = decision.epoch === epoch && decision.commit;
      const aborted = this.membership.hasSynced(txid) ? 'aborted' : 'pending';
      this.core.reply(client, { type: 'status', status: isDone ? 'committed' : aborted });
    } else if (epoch === this.core.epoch.number && this.transactions.isPending(txid)) {
      this.core.reply(client, { type: 'status', status: 'pending' });
    } else {
      this.core.reply(client, { type: 'status', status: 'forgotten' });
    }
  }
}

const TOO_MANY = 'too many requests are under way: try again later';
