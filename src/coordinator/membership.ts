/**
 * The view: who holds every acknowledged write. Proposes, installs and never abandons views.
 *
 * A view is synced here before anyone hears of it; it is *installed* when all its members have
 * synced it too, and only then may anything be decided under it. Numbers are never reused. One
 * change at a time; when a member of a proposed view fails before it is installed, the next view
 * shrinks that one. Knows nothing of transactions: callers decide when a change is needed and safe
 * (a view that adds a member waits behind a barrier, see `admission.ts`).
 * Invariant: consecutive views share at least one member.
 */
import { assert } from '../base/assert.js';
import { type Member, type StoreId, type View, isMember } from '../base/ids.js';
import type { CoordinatorCore } from './core.js';
import type { Peer, Peers } from './peers.js';

export class Membership {
  /** Newest view, synced here or about to be. */
  latest: View | null;
  /** Newest view that all its members have synced. */
  installed: View | null = null;
  isDurable = true;
  /** The newest view that members were told of: what a PREPARE names. */
  announced: View | null;
  private acknowledged = new Set<StoreId>();
  /** Called when the latest view becomes the installed one. */
  onInstalled: () => void = () => undefined;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    latest: View | null,
  ) {
    this.latest = latest;
    this.announced = latest;
  }

  get isChanging(): boolean {
    return this.latest !== null && this.installed?.number !== this.latest.number;
  }

  /** A change that only silent members hold up: a next view without them may take its place. */
  get isSettledEnough(): boolean {
    if (!this.isChanging) return true;
    if (!this.isDurable) return false;
    const missing = (this.latest?.members ?? []).filter(
      ({ storeId }) => !this.acknowledged.has(storeId),
    );
    return missing.every(({ storeId }) => {
      const peer = this.peers.byStore(storeId);
      return peer === undefined || this.peers.isSuspected(peer);
    });
  }

  get size(): number {
    return this.latest?.members.length ?? 0;
  }

  has(peer: Peer): boolean {
    return peer.storeId !== null && isMember(this.latest, peer.storeId);
  }

  /** The peers of the latest view that are configured and known by store id. */
  memberPeers(): Peer[] {
    return this.peers.all.filter((peer) => this.has(peer));
  }

  /** Members that answer, of the latest view. */
  liveMembers(): Peer[] {
    return this.memberPeers().filter((peer) => peer.isFenced && !this.peers.isSuspected(peer));
  }

  propose(members: readonly Peer[], reason: string): void {
    const stays =
      this.latest === null ||
      members.some(({ storeId }) => storeId !== null && isMember(this.latest, storeId));
    assert(stays, 'a view shares a member with the one before');
    this.begin(members, reason);
  }

  /** At a start: a view that participants know and this log does not. The caller persists it. */
  adopt(view: View): void {
    this.latest = view;
    this.announced = view;
    this.isDurable = true;
  }

  /** An operator's override: this one store is the truth from now on. */
  force(peer: Peer, highestKnown: View | null): void {
    this.latest = highestKnown;
    this.begin([peer], 'forced by an operator');
  }

  private begin(members: readonly Peer[], reason: string): void {
    const { core } = this;
    assert(members.length > 0, 'a view never shrinks to nothing');
    const list = members.map(memberOf);
    const view: View = {
      number: (this.latest?.number ?? 0) + 1,
      epoch: core.epoch,
      firstTxid: core.lastTxid + 1,
      members: list,
    };
    this.latest = view;
    this.isDurable = false;
    this.acknowledged = new Set();
    core.counters.viewChanges += 1;
    core.persist({ kind: 'view', view }, true);
    const names = list.map((member) => member.address).join(' ');
    core.trace.event(list.length === 1 ? 'warn' : 'info', `view proposed: ${reason}`, {
      view: view.number,
      members: names,
    });
    core.trace.point('coordinator-view');
    core.gate.whenSynced(() => {
      if (this.latest !== view) return;
      this.isDurable = true;
      this.announced = view;
      for (const peer of this.memberPeers()) if (peer.isFenced) this.sendTo(peer);
    });
  }

  /** Brings a member whose connection is new up to date with the view. */
  sendTo(peer: Peer): void {
    if (this.announced === null || !this.has(peer)) return;
    this.peers.send(peer, { type: 'view', view: this.announced });
  }

  /** After a start: the last view holds, and these members have synced it; true if that is all. */
  resume(acknowledged: readonly StoreId[]): boolean {
    this.acknowledged = new Set(acknowledged);
    this.checkInstalled();
    return !this.isChanging;
  }

  onViewed(peer: Peer, number: number): void {
    if (number !== this.latest?.number || peer.storeId === null || !this.isDurable) return;
    this.acknowledged.add(peer.storeId);
    this.checkInstalled();
  }

  private checkInstalled(): void {
    const { latest } = this;
    if (latest === null || !this.isChanging || !this.isDurable) return;
    if (!latest.members.every((member) => this.acknowledged.has(member.storeId))) return;
    this.installed = latest;
    this.core.trace.event('info', 'view installed', {
      view: latest.number,
      size: latest.members.length,
    });
    if (latest.members.length === 1 && this.core.settings.participants.length > 1) {
      this.core.trace.event('warn', 'only one participant holds the data now', {
        participant: latest.members[0]?.address ?? '',
      });
    }
    this.onInstalled();
  }
}

function memberOf(peer: Peer): Member {
  assert(peer.storeId !== null, 'a member is known by its store id');
  return { storeId: peer.storeId, address: peer.address };
}
