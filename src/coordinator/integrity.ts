/**
 * Watches over the members' states: compares them, removes members whose state is wrong or that are
 * no longer configured, and has whoever is here and not in the view catch up.
 *
 * A strict majority outvotes a minority; without one everything stops (`halt`). Knows nothing of
 * transactions beyond the highest txid that all members have synced.
 * Invariant: a member leaves by itself only if a sound and answering one stays.
 */
import type { Position } from '../base/ids.js';
import type { Admission } from './admission.js';
import type { Agreement } from './agreement.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Reads } from './reads.js';

/** Outcomes that all members have synced are noted in the log this often. */
const SETTLE_EVERY = 256;

export class Integrity {
  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly agreement: Agreement,
    private readonly admission: Admission,
    private readonly reads: Reads,
    /** Nobody can say who is right: everything stops. */
    private readonly halt: (text: string) => void,
  ) {}

  /** Compares members at equal txids; what differs is removed and refilled, or everything stops. */
  observe(peer: Peer, position: Position, digest: string): void {
    if (peer.storeId === null || !this.membership.has(peer)) return;
    peer.position = position;
    const members = (this.membership.latest?.members ?? []).map((member) => member.storeId);
    const verdict = this.agreement.observe(peer.storeId, position, digest, members);
    if (verdict.kind === 'agree') return;
    this.core.counters.divergences += 1;
    if (verdict.kind === 'split') {
      this.halt(`participants differ at transaction ${verdict.txid} and no majority agrees`);
      return;
    }
    for (const storeId of verdict.minority) {
      const outvoted = this.peers.byStore(storeId);
      if (outvoted === undefined || outvoted.unsound !== '') continue;
      outvoted.unsound = `its state differs from the majority's at transaction ${verdict.txid}`;
      this.core.trace.event('error', outvoted.unsound, { participant: outvoted.address });
      this.reads.onPeerLost(outvoted);
    }
  }

  /** Notes how far every member has synced the outcomes: older ones may be forgotten. */
  settle(): void {
    const members = this.membership.installed?.members ?? [];
    if (members.length === 0 || this.core.phase !== 'serving') return;
    const synced = members.map(({ storeId }) => this.peers.byStore(storeId)?.syncedTxid ?? 0);
    const settled = Math.min(this.core.toldTxid, ...synced);
    const { outcomes } = this.core;
    if (settled - outcomes.settledTxid < SETTLE_EVERY) return;
    outcomes.settle(settled);
    this.core.persist({ kind: 'commitDone', epoch: this.core.epoch.number, txid: settled }, false);
  }

  advance(): void {
    this.removeUnsound();
    this.renewView();
    this.admitRemoved();
  }

  /** The members that were silent at the start are back: nobody has to leave. */
  private renewView(): void {
    const { membership } = this;
    if (membership.isOfThisStart) return;
    const sound = membership.soundMembers();
    if (sound.length < membership.size) return;
    membership.propose(sound, 'all members are back after a start');
  }

  /** A member whose state is known to be wrong leaves at once, if a sound one stays. */
  private removeUnsound(): void {
    const { membership } = this;
    if (!membership.isSettledEnough) return;
    const members = membership.memberPeers();
    const sound = membership.soundMembers();
    const unsound = members.filter((peer) => peer.unsound !== '');
    const gone = this.notConfigured();
    if (unsound.length + gone === 0 || sound.length === 0) return;
    const silent = members.filter(
      (peer) => peer.unsound === '' && !sound.includes(peer) && !this.peers.isSuspected(peer),
    );
    if (silent.length > 0 || !membership.mayFollow(sound)) return;
    membership.propose(sound, gone > 0 ? 'the configuration changed' : 'a member must be refilled');
  }

  /** Whoever is here and not in the view, for whatever reason, catches up and comes back. */
  private admitRemoved(): void {
    for (const peer of this.peers.all) {
      if (!peer.isFenced || this.membership.has(peer) || this.admission.isJoining(peer)) continue;
      const isWrong = peer.unsound !== '' && !peer.unsound.startsWith('it lacks');
      if (peer.storeId !== null) this.agreement.forget(peer.storeId);
      peer.isReady = false;
      peer.unsound = '';
      this.reads.onPeerLost(peer);
      this.admission.consider(peer, isWrong);
    }
  }

  /** Members that no configured participant is, although all configured ones have answered. */
  private notConfigured(): number {
    if (this.peers.all.some((peer) => peer.storeId === null)) return 0;
    const members = this.membership.latest?.members ?? [];
    return members.filter(({ storeId }) => this.peers.byStore(storeId) === undefined).length;
  }
}
