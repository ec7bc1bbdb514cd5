/**
 * Connections that peers opened to this participant: handshake, proof, fence.
 *
 * A link may ask nothing before both sides have proved that they know the cluster secret, and may
 * change or read data only while the epoch that it fenced with is still the promised one: a
 * coordinator that was replaced is refused message by message. When a coordinator opens a new
 * data link, older ones are closed with whatever they had sent and we had not handled.
 * Knows nothing of transactions. Invariant: an epoch is synced before `fenced` is answered.
 */
import { sameSecret } from '../base/hash.js';
import { type Epoch, sameEpoch } from '../base/ids.js';
import type { Prng } from '../base/prng.js';
import {
  type Fence,
  type Hello,
  type Purpose,
  type Prove,
  type Refused,
  PROTOCOL_VERSION,
} from '../rpc/messages.js';
import { proof, proofText } from '../rpc/proof.js';
import type { ParticipantCore } from './core.js';
import type { LinkId } from './ready.js';

/** 128 bits that no other handshake has used. */
const NONCE_DIGITS = 32;

export interface Link {
  readonly id: LinkId;
  stage: 'new' | 'greeted' | 'proved';
  purpose: Purpose;
  peerStoreId: string;
  helloNonce: string;
  ownNonce: string;
  /** The epoch that this link may act for, once its fence is synced. */
  epoch: Epoch | null;
}

export class Links {
  private readonly byId = new Map<LinkId, Link>();
  /** Peers dial again and again: said once, until one is content. */
  private wasDistrusted = false;

  constructor(
    private readonly core: ParticipantCore,
    private readonly prng: Prng,
  ) {}

  open(id: LinkId): void {
    this.byId.set(id, {
      id,
      stage: 'new',
      purpose: 'data',
      peerStoreId: '',
      helloNonce: '',
      ownNonce: '',
      epoch: null,
    });
  }

  get(id: LinkId): Link | undefined {
    return this.byId.get(id);
  }

  /** A peer that was told our proof and leaves without its own did not like ours. */
  forget(id: LinkId): void {
    if (this.byId.get(id)?.stage === 'greeted' && !this.wasDistrusted) {
      this.wasDistrusted = true;
      const text = 'a peer hung up on our proof: is cluster_secret the same there?';
      this.core.trace.event('warn', text);
    }
    this.byId.delete(id);
  }

  /** True while the link acts for the promised epoch. */
  isCurrent(link: Link): boolean {
    return link.epoch !== null && sameEpoch(link.epoch, this.core.state.epoch);
  }

  onHello(link: Link, hello: Hello): void {
    const { core } = this;
    const refusal = this.objection(hello);
    if (refusal !== null) {
      this.refuse(link, refusal.code, refusal.text);
      return;
    }
    link.stage = 'greeted';
    link.purpose = hello.purpose;
    link.peerStoreId = hello.storeId;
    link.helloNonce = hello.nonce;
    link.ownNonce = this.prng.hex(NONCE_DIGITS);
    core.send(link.id, {
      type: 'welcome',
      version: PROTOCOL_VERSION,
      clusterId: core.clusterId,
      storeId: core.storeId,
      nonce: link.ownNonce,
      mac: proof(
        core.settings.clusterSecret,
        proofText('answering', link.helloNonce, link.ownNonce),
      ),
    });
  }

  onProve(link: Link, message: Prove): void {
    const text = proofText('asking', link.helloNonce, link.ownNonce);
    const expected = proof(this.core.settings.clusterSecret, text);
    if (link.stage !== 'greeted' || !sameSecret(expected, message.mac)) {
      this.refuse(link, 'secret', 'the peer does not know this cluster_secret');
      return;
    }
    link.stage = 'proved';
    this.wasDistrusted = false;
    this.core.send(link.id, { type: 'proved' });
  }

  onFence(link: Link, fence: Fence): void {
    const { core } = this;
    const promised = core.state.epoch;
    const { epoch } = fence;
    if (fence.generation < core.generation) {
      const text = `generation ${fence.generation} was overridden by generation ${core.generation}`;
      this.refuse(link, 'generation', text);
      return;
    }
    if (
      epoch.number < promised.number ||
      (epoch.number === promised.number && !sameEpoch(epoch, promised))
    ) {
      const text = `epoch ${epoch.number} is over: this participant follows epoch ${promised.number}`;
      this.refuse(link, 'epoch', text);
      return;
    }
    const { expected } = fence;
    if (expected !== null && !sameEpoch(expected, promised) && !sameEpoch(epoch, promised)) {
      this.refuse(link, 'epoch', `this participant promised epoch ${promised.number} meanwhile`);
      return;
    }
    if (core.clusterId !== fence.clusterId && core.clusterId !== '') {
      this.refuse(link, 'cluster', foreignCluster(core.clusterId, fence.clusterId));
      return;
    }
    this.closeOlder(link);
    this.adopt(fence);
    if (!sameEpoch(epoch, promised)) this.promise(epoch);
    // A sign of life as good as a heartbeat: who asks next is told of this coordinator.
    core.heardAt = core.now;
    core.heardEpoch = epoch;
    link.epoch = epoch;
    core.whenStatusSynced((status) => {
      if (!this.byId.has(link.id) || !this.isCurrent(link)) return;
      core.send(link.id, { type: 'fenced', status });
    });
  }

  /**
   * A later generation overrides what is stored here, for good: an older copy of the folder may
   * hold it after everybody else was refilled. Durable before the epoch is.
   */
  private adopt({ clusterId, generation, forced }: Fence): void {
    const { core } = this;
    const { state } = core;
    const isRaised = generation > core.generation;
    if (core.clusterId !== '' && !isRaised && !(forced && state.overridden)) return;
    const isVoid = state.overridden || (isRaised && !state.isUnused);
    core.adopt({ clusterId, generation, overridden: isVoid && !forced });
  }

  private promise(epoch: Epoch): void {
    const { core } = this;
    core.state.epoch = epoch;
    core.refusedTxid = 0;
    core.persist({ kind: 'epoch', epoch }, true);
    core.state.dropUnpreparedStages();
    core.trace.event('info', 'promised to follow a new epoch', { epoch: epoch.number });
  }

  /** Drops data links of the same or a lower epoch, and donor sessions of a lower one. */
  private closeOlder(newer: Link): void {
    for (const link of this.byId.values()) {
      if (link.id === newer.id || link.purpose !== 'data' || link.epoch === null) continue;
      this.refuse(link, 'superseded', 'the coordinator opened a newer connection');
    }
  }

  refuse(link: Link, code: Refused['code'], text: string): void {
    this.core.refuse(link.id, code, text);
    this.byId.delete(link.id);
  }

  private objection(hello: Hello): { code: Refused['code']; text: string } | null {
    const { core } = this;
    if (hello.version !== PROTOCOL_VERSION) {
      const text =
        `protocol version ${hello.version} of the peer, ${PROTOCOL_VERSION} here: ` +
        'run the same release everywhere';
      return { code: 'version', text };
    }
    if (hello.clusterId !== '' && core.clusterId !== '' && hello.clusterId !== core.clusterId) {
      return { code: 'cluster', text: foreignCluster(core.clusterId, hello.clusterId) };
    }
    if (
      hello.purpose !== 'catchup' &&
      differ(hello.coordinator, core.settings.coordinatorAddress)
    ) {
      const text =
        `coordinator_info is ${core.settings.coordinatorAddress} here but ` +
        `${hello.coordinator} at the coordinator that dialled ${hello.dialled}`;
      return { code: 'coordinator', text };
    }
    return null;
  }
}

function foreignCluster(own: string, other: string): string {
  return `this participant belongs to cluster ${own}, the peer to cluster ${other || '(none)'}`;
}

/** Two spellings of an address differ for certain only if both are numeric, or the ports differ. */
function differ(a: string, b: string): boolean {
  if (a === b) return false;
  const [hostA, portA] = split(a);
  const [hostB, portB] = split(b);
  return portA !== portB || (isNumeric(hostA) && isNumeric(hostB) && hostA !== hostB);
}

function split(address: string): [string, string] {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at), address.slice(at + 1)];
}

function isNumeric(host: string): boolean {
  return /^[0-9.]+$/.test(host) || host.startsWith('[');
}
