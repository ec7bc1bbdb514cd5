/**
 * The connections to the configured participants, two each (data, heartbeat), and their handshakes.
 *
 * Dials until it is answered, with a short pause between attempts; a connection that is refused for
 * a reason that time does not heal is dialled more slowly and named in INFO. Knows nothing of
 * transactions or views; it tells its owner (`PeerEvents`) what happened.
 * Invariants: at most one data and one heartbeat connection a peer; a reply of a connection that
 * was given up is ignored.
 */
import { sameSecret } from '../base/hash.js';
import type { Millis, StoreId } from '../base/ids.js';
import type { Prng } from '../base/prng.js';
import { proof, proofText } from '../rpc/proof.js';
import {
  type Pong,
  type Refused,
  type Reply,
  type Request,
  type Welcome,
  PROTOCOL_VERSION,
} from '../rpc/messages.js';
import type { Channel, ChannelState } from './channel.js';
import type { CoordinatorCore } from './core.js';
import { Peer } from './peer.js';
import type { DialId } from './ready.js';

const REDIAL_MS = 50;
const REDIAL_MAX_MS = 400;
/** After a refusal that only a person can heal. */
const REFUSED_REDIAL_MS = 1000;
/** A handshake that takes longer is given up. */
const HANDSHAKE_MS = 2000;
const NONCE_DIGITS = 32;

/**
 * Failure timeouts without any answer on a data connection whose heartbeats are answered, or
 * without such a connection. A disk that stalls for a moment is no failure.
 */
const DATA_PATIENCE = 1.8;

const STUCK = 'answers heartbeats but nothing else';

/** When to give up open connections: a timeout after the suspicion, from the last dial on. */
function givenUpAt(peer: Peer, timeoutMs: Millis): Millis {
  const since = Math.max(peer.silentAt, peer.heart.sinceAt);
  return peer.heart.state === 'open' ? since + timeoutMs : Infinity;
}

export interface PeerEvents {
  /** The data connection is proved: the peer's `storeId` is known. */
  onOpen(peer: Peer): void;
  /** A reply on the data connection beyond the handshake. */
  onReply(peer: Peer, message: Reply): void;
  /** On a connection that was proved. */
  onRefused(peer: Peer, message: Refused): void;
  onDataClosed(peer: Peer): void;
  onPong(peer: Peer, message: Pong): void;
}

export class Peers {
  readonly all: readonly Peer[];
  private readonly byDial = new Map<DialId, { peer: Peer; channel: Channel }>();
  private pings = 0;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly prng: Prng,
    private readonly events: PeerEvents,
  ) {
    const { participants, failureTimeoutMs } = core.settings;
    this.all = participants.map(
      (address, index) => new Peer(address, index, failureTimeoutMs, core.now),
    );
  }

  byStore(storeId: StoreId): Peer | undefined {
    return this.all.find((peer) => peer.storeId === storeId);
  }

  byAddress(address: string): Peer | undefined {
    return this.all.find((peer) => peer.address === address);
  }

  /** Silent, stuck on the data connection, or without one. */
  isSuspected(peer: Peer): boolean {
    const at = Math.min(this.stuckAt(peer), this.lateAt(peer.missedSince), peer.silentAt);
    return this.core.now >= at;
  }

  /** Why it does not do its part just now, for people. */
  absence(peer: Peer): string {
    if (peer.unsound !== '') return peer.unsound;
    if (peer.data.state !== 'open') return peer.trouble;
    if (this.core.now >= peer.silentAt) return 'answers no heartbeats';
    return this.isSuspected(peer) ? STUCK : peer.trouble;
  }

  private stuckAt(peer: Peer): Millis {
    return this.lateAt(peer.debt.since);
  }

  private lateAt(since: Millis): Millis {
    return since + DATA_PATIENCE * this.core.settings.failureTimeoutMs;
  }

  send(peer: Peer, message: Request, isPatient = false): void {
    if (peer.data.dial === null || peer.data.state !== 'open') return;
    peer.debt.sent(message, this.core.now);
    this.core.send(peer.data.dial, message, isPatient);
  }

  /** Gives the data connection up; a new one begins with what the participant then knows. */
  restart(peer: Peer, why: string): void {
    peer.trouble = why;
    this.drop(peer, peer.data, REDIAL_MS);
  }

  onTick(): void {
    for (const peer of this.all) {
      const { failureTimeoutMs } = this.core.settings;
      if (this.core.now >= givenUpAt(peer, failureTimeoutMs)) this.hangUp(peer);
      if (this.core.now >= this.stuckAt(peer) + failureTimeoutMs) this.restart(peer, STUCK);
      this.tickChannel(peer, peer.data);
      this.tickChannel(peer, peer.heart);
      this.ping(peer);
    }
  }

  /** Silence on open connections: the other end may be gone without a word. Dial anew. */
  private hangUp(peer: Peer): void {
    for (const channel of [peer.data, peer.heart]) {
      if (channel.state !== 'open') continue;
      peer.trouble = 'fell silent';
      this.drop(peer, channel, REDIAL_MS);
    }
  }

  nextTimeoutAt(): Millis {
    let at = Infinity;
    for (const peer of this.all) {
      for (const channel of [peer.data, peer.heart]) {
        if (channel.state === 'idle') at = Math.min(at, channel.retryAt);
        else if (channel.state !== 'open') at = Math.min(at, channel.sinceAt + HANDSHAKE_MS);
      }
      at = Math.min(at, peer.nextPingAt);
      const { failureTimeoutMs } = this.core.settings;
      const stuckAt = this.stuckAt(peer);
      at = Math.min(at, stuckAt > this.core.now ? stuckAt : stuckAt + failureTimeoutMs);
      const missedAt = this.lateAt(peer.missedSince);
      if (!this.isSuspected(peer)) at = Math.min(at, peer.silentAt, missedAt);
      else if (peer.heart.state === 'open') at = Math.min(at, givenUpAt(peer, failureTimeoutMs));
    }
    return at;
  }

  onDialOpened(dial: DialId): void {
    const found = this.byDial.get(dial);
    if (found === undefined) return;
    const { peer, channel } = found;
    const { core } = this;
    this.become(channel, 'greeting');
    channel.nonce = this.prng.hex(NONCE_DIGITS);
    core.send(dial, {
      type: 'hello',
      version: PROTOCOL_VERSION,
      purpose: channel.purpose,
      clusterId: core.clusterId,
      storeId: core.storeId,
      dialled: peer.address,
      coordinator: core.settings.ownAddress,
      nonce: channel.nonce,
    });
  }

  onDialReply(dial: DialId, message: Reply): void {
    const found = this.byDial.get(dial);
    if (found === undefined) return;
    const { peer, channel } = found;
    if (message.type === 'refused') {
      this.onRefused(peer, channel, message);
      return;
    }
    if (message.type === 'welcome' && channel.state === 'greeting') {
      this.onWelcome(peer, channel, message);
      return;
    }
    if (message.type === 'proved' && channel.state === 'proving') {
      this.onProved(peer, channel);
      return;
    }
    if (channel.state !== 'open') {
      this.drop(peer, channel, REDIAL_MS);
      return;
    }
    if (message.type === 'pong') this.onPong(peer, message);
    else if (channel.purpose === 'data') this.onDataReply(peer, message);
  }

  private onDataReply(peer: Peer, message: Reply): void {
    peer.debt.answered(message, this.core.now);
    this.events.onReply(peer, message);
  }

  onDialClosed(dial: DialId, reason: string): void {
    const found = this.byDial.get(dial);
    if (found === undefined) return;
    const { peer, channel } = found;
    if (channel.purpose === 'data' && channel.state !== 'idle') peer.trouble = reason;
    this.drop(peer, channel, REDIAL_MS);
  }

  private onWelcome(peer: Peer, channel: Channel, welcome: Welcome): void {
    const { core } = this;
    const { clusterSecret } = core.settings;
    const expected = proof(clusterSecret, proofText('answering', channel.nonce, welcome.nonce));
    const foreign =
      core.clusterId !== '' && welcome.clusterId !== '' && welcome.clusterId !== core.clusterId;
    if (!sameSecret(expected, welcome.mac)) {
      this.distrust(peer, channel, 'the participant does not know this cluster_secret');
    } else if (foreign) {
      const text = `the participant belongs to cluster ${welcome.clusterId}, not ${core.clusterId}`;
      this.distrust(peer, channel, text);
    } else {
      if (channel.purpose === 'data') peer.storeId = welcome.storeId;
      else this.compareStores(peer, welcome);
      this.become(channel, 'proving');
      const mac = proof(clusterSecret, proofText('asking', channel.nonce, welcome.nonce));
      if (channel.dial !== null) core.send(channel.dial, { type: 'prove', mac });
    }
  }

  /** Whatever still comes on the data connection is of a store that is not there any more. */
  private compareStores(peer: Peer, { storeId }: Welcome): void {
    if (peer.data.state !== 'open' || peer.storeId === storeId) return;
    this.restart(peer, 'another store answers at its address');
  }

  private onProved(peer: Peer, channel: Channel): void {
    this.become(channel, 'open');
    channel.failures = 0;
    if (channel.purpose === 'heartbeat') {
      peer.nextPingAt = this.core.now;
      this.ping(peer);
      peer.debt.isAsked = false;
      channel.isAgain = true;
    } else {
      this.events.onOpen(peer);
    }
  }

  private onRefused(peer: Peer, channel: Channel, message: Refused): void {
    const { core } = this;
    if (peer.trouble !== message.text) {
      core.trace.event('warn', `a participant refused us: ${message.text}`, {
        participant: peer.address,
        code: message.code,
      });
    }
    const passing = message.code === 'superseded' || message.code === 'protocol';
    const isProved = channel.state === 'open';
    peer.trouble = message.text;
    this.drop(peer, channel, passing ? REDIAL_MS : REFUSED_REDIAL_MS);
    // Whoever listens there can refuse a greeting: only from who knows the secret is it news.
    if (isProved) this.events.onRefused(peer, message);
  }

  private distrust(peer: Peer, channel: Channel, text: string): void {
    if (peer.trouble !== text) {
      this.core.trace.event('warn', text, { participant: peer.address });
    }
    peer.trouble = text;
    this.drop(peer, channel, REFUSED_REDIAL_MS);
  }

  private onPong(peer: Peer, message: Pong): void {
    const { now, settings } = this.core;
    peer.detector.answered(now);
    // Nothing would ever find out that the last outcome was lost, with nothing sent behind it.
    if (peer.debt.lacks(message.position.txid, now - settings.failureTimeoutMs)) {
      this.send(peer, { type: 'inquire' });
    }
    this.events.onPong(peer, message);
  }

  private ping(peer: Peer): void {
    const { core } = this;
    if (core.now < peer.nextPingAt) return;
    peer.nextPingAt = core.now + core.settings.heartbeatIntervalMs;
    if (peer.heart.state !== 'open' || peer.heart.dial === null) return;
    if (!peer.debt.isAsked) this.send(peer, { type: 'inquire' });
    this.pings += 1;
    core.send(peer.heart.dial, { type: 'ping', sequence: this.pings, epoch: core.epoch });
  }

  private tickChannel(peer: Peer, channel: Channel): void {
    const { core } = this;
    if (channel.state === 'idle' && core.now >= channel.retryAt) {
      const dial = core.dial(peer.address);
      channel.dial = dial;
      this.byDial.set(dial, { peer, channel });
      this.become(channel, 'dialling');
    } else if (
      channel.state !== 'idle' &&
      channel.state !== 'open' &&
      core.now >= channel.sinceAt + HANDSHAKE_MS
    ) {
      if (channel.purpose === 'data') peer.trouble = 'the handshake was not answered';
      this.drop(peer, channel, REDIAL_MS);
    }
  }

  private drop(peer: Peer, channel: Channel, pauseMs: Millis): void {
    if (channel.dial === null) return;
    this.byDial.delete(channel.dial);
    this.core.close(channel.dial);
    const wasOpen = channel.state === 'open';
    channel.dial = null;
    this.become(channel, 'idle');
    channel.failures += 1;
    const backoff = Math.min(REDIAL_MAX_MS, pauseMs * channel.failures);
    channel.retryAt = this.core.now + (wasOpen ? 0 : Math.max(pauseMs, backoff));
    if (channel.purpose !== 'data') return;
    if (peer.isFenced) peer.missedSince = this.core.now;
    peer.isFenced = false;
    peer.fencedFor = '';
    peer.isReady = false;
    peer.status = null;
    peer.debt.cancel();
    if (wasOpen) this.events.onDataClosed(peer);
  }

  private become(channel: Channel, state: ChannelState): void {
    channel.state = state;
    channel.sinceAt = this.core.now;
  }
}
