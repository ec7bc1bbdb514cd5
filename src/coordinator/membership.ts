/**
 * The view: who holds every acknowledged write. Proposes, installs and never abandons views.
 *
 * A view is synced here before anyone hears of it; it is *installed* when it is of this start and
 * all its members have synced it too: only then may anything be decided under it. Numbers are never
 * reused. One change at a time; when a member of a proposed view fails before it is installed, the
 * next view shrinks that one. Knows nothing of transactions: callers decide when a change is needed
 * and safe (a view that adds a member waits behind a barrier, see `admission.ts`).
 * Invariant: who knows no more than a view that was installed finds the newest one by asking all
 * its members, then those of the newest view that they tell of, and so on (`mayFollow`).
 */
import { assert } from '../base/assert.js';
import {
  type Member,
  type StoreId,
  type TxId,
  type View,
  isMember,
  isNewerView,
  sameEpoch,
  sameView,
  viewIn,
} from '../base/ids.js';
import type { Viewed } from '../rpc/messages.js';
import type { Status } from '../rpc/status.js';
import type { CoordinatorCore } from './core.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { CoordinatorRecovered } from './recovery.js';

export class Membership {
  /** Newest view, synced here or about to be. */
  latest: View | null;
  /** Newest view that all its members have synced. */
  installed: View | null = null;
  /** The same, or known from the log before that; what people are told. */
  established: View | null;
  isDurable = true;
  /** The newest view that is known to have been installed, by whichever start. */
  lastInstalled: View | null;
  /** The newest view that members were told of: what a PREPARE names. */
  announced: View | null;
  /** From the newest view known to be installed up to the latest, but see `noteStored`. */
  private chain: readonly View[];
  /** The same, with those that `noteStored` has taken out: they lead on to others of the chain. */
  known: readonly View[];
  /** Of all views that were ever heard of, sent or not. */
  highestNumber: number;
  /** Who has synced the latest view; never null, who has not said who it is. */
  private acknowledged = new Set<StoreId | null>();
  /** Called when a new view is synced here: its members are to be told. */
  onDurable: () => void = () => undefined;
  /** Called when the latest view becomes the installed one. */
  onInstalled: () => void = () => undefined;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    recovered: Pick<CoordinatorRecovered, 'view' | 'views' | 'installed' | 'highestNumber'>,
  ) {
    const { generation } = core;
    const views = recovered.views.filter((view) => viewIn(generation, view) !== null);
    this.latest = viewIn(generation, recovered.view);
    this.established = views[0] ?? null;
    this.lastInstalled = viewIn(generation, recovered.installed);
    this.announced = this.latest;
    this.chain = views;
    this.known = views;
    this.highestNumber = recovered.highestNumber;
  }

  get isChanging(): boolean {
    return this.latest !== this.installed;
  }

  /**
   * A view of an earlier start may have a successor, not known here, on its way to somebody who was
   * not heard. A view of this epoch is newer than that one, wherever it arrives.
   */
  get isOfThisStart(): boolean {
    return this.latest !== null && sameEpoch(this.latest.epoch, this.core.epoch);
  }

  /** From the newest view known to be installed up to the latest. */
  get views(): readonly View[] {
    return this.chain;
  }

  /**
   * A change that only silent or unsound members hold up: a next view without them may take its
   * place.
   */
  get isSettledEnough(): boolean {
    if (!this.isChanging) return true;
    if (!this.isDurable) return false;
    return this.notStored(this.latest?.members ?? []).every(({ storeId }) => {
      const peer = this.peers.byStore(storeId);
      return peer === undefined || peer.unsound !== '' || this.peers.isSuspected(peer);
    });
  }

  /** Those of them that are not known to have synced the latest view. */
  notStored<One extends { readonly storeId: StoreId | null }>(members: readonly One[]): One[] {
    return members.filter(({ storeId }) => !this.acknowledged.has(storeId));
  }

  /** The oldest view that is known was installed. */
  get isOldestInstalled(): boolean {
    return sameView(this.known[0] ?? null, this.lastInstalled);
  }

  get size(): number {
    return this.latest?.members.length ?? 0;
  }

  has(peer: Peer): boolean {
    return peer.storeId !== null && isMember(this.latest, peer.storeId);
  }

  /** It is in the latest view, or in one before it that a start without log might still find. */
  isCountedOn({ storeId }: Peer): boolean {
    return storeId !== null && this.chain.some((view) => isMember(view, storeId));
  }

  /** The peers of the latest view that are configured and known by store id. */
  memberPeers(): Peer[] {
    return this.peers.all.filter((peer) => this.has(peer));
  }

  /** How many members of the latest view are not suspected. */
  get reachable(): number {
    let count = 0;
    for (const peer of this.peers.all) if (this.isReachable(peer)) count += 1;
    return count;
  }

  /** Members that answer, of the latest view. */
  liveMembers(): Peer[] {
    return this.peers.all.filter((peer) => this.isReachable(peer) && peer.isFenced);
  }

  /** Those of them that are in step and lack nothing. */
  soundMembers(): Peer[] {
    return this.liveMembers().filter((peer) => peer.isReady && peer.unsound === '');
  }

  isReachable(peer: Peer): boolean {
    return this.has(peer) && !this.peers.isSuspected(peer);
  }

  /**
   * Whether these can be found by somebody who only knows the installed view, or one after it that
   * all its members may have stored: they share a member with each of those from which nothing else
   * leads on. Otherwise such a view would pass for the newest.
   */
  mayFollow(members: readonly Peer[]): boolean {
    return this.chain.every((view) =>
      members.some(({ storeId }) => storeId !== null && isMember(view, storeId)),
    );
  }

  /** Who would make these members a view that may follow, and why it does not; for people. */
  awaitedFor(members: readonly Peer[]): string {
    const unmet = this.chain.filter((view) =>
      view.members.every(({ storeId }) => members.every((peer) => peer.storeId !== storeId)),
    );
    const named = (unmet[0]?.members ?? []).map(({ address, storeId }) => {
      const why = this.peers.byStore(storeId)?.unsound ?? '';
      return why === '' ? address : `${address} (but ${why})`;
    });
    return named.join(' or ');
  }

  propose(members: readonly Peer[], reason: string): void {
    assert(this.mayFollow(members), 'a view can be found from those before it');
    this.begin(members, reason);
  }

  /**
   * At a start without log: the view to go on with, and those before it under which something may
   * have been decided, oldest first. The caller persists it.
   */
  adopt(views: readonly View[]): void {
    const view = views.at(-1) ?? null;
    this.latest = view;
    this.installed = null;
    this.established = views[0] ?? null;
    this.announced = view;
    this.countOn(views);
    this.acknowledged = new Set();
    this.lastInstalled = null;
    this.isDurable = true;
  }

  /** Of the views so far these count from now on, and no others. */
  private countOn(views: readonly View[]): void {
    this.chain = views;
    this.known = views;
  }

  /** What a participant says now that it has on disk. */
  noteStatus({ storeId, view }: Status): void {
    this.noteStored(storeId, view);
    this.highestNumber = Math.max(this.highestNumber, view?.number ?? 0);
    if (this.latest !== null && isNewerView(this.latest, view)) this.takeBack(storeId);
  }

  /**
   * Its folder is an older one than that which stored the latest view: before anything is decided
   * under that, it must be stored there again.
   */
  private takeBack(storeId: StoreId): void {
    const hadStored = this.acknowledged.delete(storeId);
    if (hadStored && this.core.phase === 'recovering') this.installed = null;
  }

  /** Who asks this member is told of the view: older views that it is in lead on. */
  noteStored(storeId: StoreId, view: View | null): void {
    if (view === null || !this.known.some((own) => sameView(own, view))) return;
    this.chain = this.chain.filter((own) => !(isNewerView(view, own) && isMember(own, storeId)));
  }

  /** An operator's override: this one store is the truth from now on. */
  force(peer: Peer, highestKnown: View | null): void {
    this.latest = highestKnown;
    this.lastInstalled = null;
    this.countOn([]);
    this.begin([peer], 'forced by an operator', () => 'an operator forced a view without it');
  }

  private begin(
    members: readonly Peer[],
    reason: string,
    whyRemoved = (member: Member): string => this.whyRemoved(member),
  ): void {
    const { core } = this;
    const before = this.latest?.members ?? [];
    assert(members.length > 0, 'a view never shrinks to nothing');
    const list = members.map(memberOf);
    const view: View = {
      number: this.highestNumber + 1,
      epoch: core.epoch,
      firstTxid: core.lastTxid + 1,
      members: list,
    };
    this.chain = [...this.chain, view];
    this.known = [...this.known, view];
    this.highestNumber = view.number;
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
    const removed = before.filter(({ storeId }) => !isMember(view, storeId));
    for (const member of removed) this.noteRemoved(member, whyRemoved(member));
    core.trace.point('coordinator-view');
    core.gate.whenSynced(() => {
      if (this.latest !== view) return;
      this.isDurable = true;
      this.announced = view;
      this.onDurable();
    });
  }

  private noteRemoved({ storeId, address }: Member, reason: string): void {
    this.core.trace.event('warn', `a member leaves the view: ${reason}`, { participant: address });
    const peer = this.peers.byStore(storeId) ?? this.peers.byAddress(address);
    if (peer !== undefined) peer.removedBecause = reason;
  }

  private whyRemoved({ storeId, address }: Member): string {
    const peer = this.peers.byStore(storeId);
    if (peer !== undefined) return this.peers.absence(peer);
    const successor = this.peers.byAddress(address);
    if (successor === undefined) return 'no longer configured';
    return successor.storeId === null
      ? this.peers.absence(successor)
      : 'another store answers at its address';
  }

  /**
   * Whether every member has synced all outcomes up to here. Until then somebody who takes over,
   * and has nothing but the members, may commit what was aborted.
   */
  hasSynced(txid: TxId): boolean {
    const members = this.chain.flatMap((view) => view.members);
    return members.every(({ storeId }) => (this.peers.byStore(storeId)?.syncedTxid ?? 0) >= txid);
  }

  sendToAll(): void {
    for (const peer of this.memberPeers()) if (peer.isFenced) this.sendTo(peer);
  }

  /** Brings a member whose connection is new up to date with the view. */
  sendTo(peer: Peer): void {
    if (this.announced === null || !this.has(peer) || peer.toldView === this.announced) return;
    peer.toldView = this.announced;
    this.peers.send(peer, { type: 'view', view: this.announced });
  }

  onViewed(peer: Peer, { number, epoch }: Viewed): void {
    const { latest } = this;
    if (latest === null || peer.storeId === null || !this.isDurable) return;
    if (number !== latest.number || !sameEpoch(epoch, latest.epoch)) return;
    this.acknowledged.add(peer.storeId);
    this.noteStored(peer.storeId, latest);
    this.checkInstalled();
  }

  private checkInstalled(): void {
    const { latest } = this;
    if (latest === null || !this.isChanging || !this.isDurable || !this.isOfThisStart) return;
    if (this.notStored(latest.members).length > 0) return;
    this.installed = latest;
    this.established = latest;
    this.lastInstalled = latest;
    this.countOn([latest]);
    this.core.persist({ kind: 'view', view: latest }, true);
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
