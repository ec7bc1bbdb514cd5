/**
 * The participant: a synchronous state machine. Inputs go in through `step`, what the world must do
 * comes out of `takeReady`, and `nextTimeoutAt` is its only timer.
 *
 * Knows no socket, file, clock or random source; those are injected as inputs or by the shell.
 * Any input may come at any time, repeated or late: what is stale is ignored with a traced reason.
 * Invariant: nothing leaves that promises a record which is not synced (see `core.ts`).
 */
import { unreachable } from '../base/assert.js';
import type { Millis, StoreId } from '../base/ids.js';
import type { Prng } from '../base/prng.js';
import type { Trace } from '../ports/trace.js';
import type { Request } from '../rpc/messages.js';
import { CatchUps } from './catch-up.js';
import { Checkpoints } from './checkpoint.js';
import { type ParticipantSettings, ParticipantCore } from './core.js';
import { Donor } from './donor.js';
import { Heartbeats } from './heartbeats.js';
import { type Link, Links } from './links.js';
import { Reads } from './reads.js';
import type { ParticipantInput, ParticipantReady } from './ready.js';
import { Scrub } from './scrub.js';
import type { ParticipantState } from './state.js';
import { Transactions } from './transactions.js';

export interface ParticipantOptions {
  readonly state: ParticipantState;
  readonly settings: ParticipantSettings;
  readonly storeId: StoreId;
  readonly clusterId: string;
  readonly generation: number;
  readonly prng: Prng;
  readonly trace: Trace;
  readonly now: Millis;
}

export class Participant {
  readonly core: ParticipantCore;
  private readonly links: Links;
  private readonly transactions: Transactions;
  private readonly reads: Reads;
  private readonly donor: Donor;
  private readonly catchUps: CatchUps;
  private readonly checkpoints: Checkpoints;
  private readonly heartbeats: Heartbeats;
  private readonly scrub: Scrub;

  constructor(options: ParticipantOptions) {
    const { clusterId, generation, prng } = options;
    const identity = { clusterId, generation };
    const { state, settings, storeId, trace } = options;
    this.core = new ParticipantCore(state, settings, storeId, identity, trace);
    this.core.now = options.now;
    this.links = new Links(this.core, prng);
    this.transactions = new Transactions(this.core);
    this.reads = new Reads(this.core);
    this.donor = new Donor(this.core);
    this.catchUps = new CatchUps(this.core, prng);
    this.checkpoints = new Checkpoints(this.core);
    this.heartbeats = new Heartbeats(this.core);
    this.scrub = new Scrub(this.core);
  }

  get state(): ParticipantState {
    return this.core.state;
  }

  get isCheckpointing(): boolean {
    return this.checkpoints.isUnderWay;
  }

  /** A snapshot of our own is due: the shell decides by the size of the log. */
  beginCheckpoint(now: Millis): void {
    this.core.now = now;
    if (!this.catchUps.isUnderWay) this.checkpoints.begin();
  }

  step(input: ParticipantInput, now: Millis): void {
    this.core.now = now;
    switch (input.type) {
      case 'linkOpened':
        this.links.open(input.link);
        return;
      case 'request':
        this.onRequest(input.link, input.message);
        return;
      case 'linkClosed':
        this.onLinkClosed(input.link);
        return;
      case 'synced':
        this.core.diskFull = false;
        this.catchUps.onSynced(input.lsn);
        this.core.gate.release(input.lsn);
        return;
      case 'diskFull':
        this.core.onDiskFull();
        this.transactions.onDiskFull(input.from);
        this.catchUps.onDiskFull();
        return;
      case 'donorOpened':
        this.catchUps.onDonorOpened();
        return;
      case 'donorReply':
        this.catchUps.onDonorReply(input.message);
        return;
      case 'donorClosed':
        this.catchUps.onDonorClosed(input.reason);
        return;
      case 'framesStored':
        this.catchUps.onFramesStored(input.install);
        return;
      case 'installed':
        this.catchUps.onInstalled(input.install);
        return;
      case 'installFailed':
        this.catchUps.onInstallFailed(input.install, input.reason);
        return;
      case 'checkpointDone':
        this.checkpoints.onDone();
        return;
      case 'tick':
        this.donor.onTick();
        this.catchUps.onTick();
        this.reads.onTick();
        this.scrub.onTick();
        return;
      default:
        unreachable(input);
    }
  }

  takeReady(): ParticipantReady | null {
    return this.core.takeReady();
  }

  nextTimeoutAt(): Millis | null {
    const at = Math.min(
      this.donor.timeoutAt ?? Infinity,
      this.catchUps.timeoutAt ?? Infinity,
      this.reads.timeoutAt ?? Infinity,
      this.scrub.timeoutAt ?? Infinity,
    );
    return at === Infinity ? null : at;
  }

  private onLinkClosed(id: number): void {
    this.links.forget(id);
    this.reads.forget(id);
    this.donor.onLinkClosed(id);
    this.catchUps.onLinkClosed(id);
  }

  private onRequest(id: number, message: Request): void {
    const link = this.links.get(id);
    if (link === undefined) return; // Refused a moment ago; what it still sent is void.
    if (message.type === 'hello' && link.stage === 'new') {
      this.links.onHello(link, message);
      return;
    }
    if (message.type === 'prove') {
      this.links.onProve(link, message);
      return;
    }
    if (link.stage !== 'proved') {
      this.links.refuse(link, 'protocol', `${message.type} before the handshake was complete`);
      return;
    }
    this.onProvenRequest(link, message);
  }

  private onProvenRequest(link: Link, message: Request): void {
    switch (message.type) {
      case 'hello':
      case 'prove':
        this.links.refuse(link, 'protocol', `a second ${message.type}`);
        return;
      case 'inquire':
        this.core.whenStatusSynced((status) => {
          this.core.send(link.id, { type: 'status', status });
        });
        return;
      case 'fence':
        this.links.onFence(link, message);
        return;
      case 'ping':
        this.heartbeats.onPing(link, message);
        return;
      case 'fetch':
        this.donor.onFetch(link, message);
        return;
      case 'fetchSnapshot':
        this.donor.onFetchSnapshot(link, message);
        return;
      case 'fetchFrames':
        this.donor.onFetchFrames(link, message);
        return;
      default:
        this.onFencedRequest(link, message);
    }
  }

  private onFencedRequest(link: Link, message: Request): void {
    if (!this.links.isCurrent(link)) {
      const text = `this participant follows epoch ${this.state.epoch.number}`;
      this.links.refuse(link, 'epoch', text);
      return;
    }
    switch (message.type) {
      case 'view':
        this.transactions.onView(link, message);
        return;
      case 'prepare':
        if (this.catchUps.isUnderWay) {
          this.links.refuse(link, 'protocol', 'a prepare while this participant catches up');
          return;
        }
        this.transactions.onPrepare(link, message);
        return;
      case 'outcome':
        this.transactions.onOutcome(link, message);
        return;
      case 'piece':
        this.transactions.onPiece(link, message);
        return;
      case 'unstage':
        this.transactions.onUnstage(message);
        return;
      case 'read':
        this.reads.onRead(link, message);
        return;
      case 'more':
        this.reads.onMore(link, message);
        return;
      case 'catchUp':
        this.catchUps.onCatchUp(link, message);
        return;
      case 'sound':
        this.heartbeats.onSound();
        return;
      default:
        this.links.refuse(link, 'protocol', `unexpected ${message.type}`);
    }
  }
}
