/**
 * A coordinator's start: from "knows only its own log" to "serving".
 *
 * 1. *Asking*: every participant is asked how it is; nothing is changed.
 * 2. *Raising*: an epoch above all that anyone knows is synced here.
 * 3. *Fencing*: participants sync that epoch; nobody obeys an older coordinator from then on.
 * 4. *Deciding*: what was under way is decided (`verdicts.ts`), under a view of this epoch, of
 *    exactly those that decide where it matters, synced, and told.
 *
 * A start *with log* may leave members out that do not answer within one detection time, but only
 * if nobody that answers knows an epoch or a view that this log does not: else another coordinator
 * has been here, and this start counts as *without log*, until it has come to its end (restarts
 * included). Such a start acts only when every member of the highest view that anyone knows, and of
 * those before it that may count, has answered, by store id; and not at all while a living
 * coordinator is heard. View 1 is made when all configured participants are empty. A fence holds
 * only if the participant has promised nothing since it was asked; else asking begins anew.
 * Invariant: an acknowledged write is never left to members that were not asked.
 */
import {
  type Epoch,
  type Member,
  type Millis,
  type StoreId,
  type View,
  isMember,
  isNewerView,
  sameView,
} from '../base/ids.js';
import type { Prng } from '../base/prng.js';
import type { Pong, Viewed } from '../rpc/messages.js';
import type { Status } from '../rpc/status.js';
import { stateRecord } from './base-records.js';
import type { CoordinatorCore } from './core.js';
import { Fences, type Turn } from './fences.js';
import { clustersOf, type Conclusion, Inquiry, membersOf } from './inquiry.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import { type Verdicts, decideVerdicts, objection } from './verdicts.js';

/** Members may have fallen silent, or run out of time, without a message that says so. */
const LOOK_AGAIN_MS: Millis = 50;

type Step = 'asking' | 'raising' | 'fencing' | 'forming' | 'deciding' | 'done';

export class Takeover {
  step: Step = 'asking';
  private readonly inquiry: Inquiry;
  /** Of this coordinator, the present one included. */
  readonly epochs: Epoch[];
  private readonly fences: Fences;
  /** Whoever may know an outcome: the members of all views that counted so far. */
  private readonly asked = new Set<StoreId>();
  /** Up to here our log proves that something was committed, whoever has been here since. */
  private provedTxid = 0;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly prng: Prng,
    ownEpochs: readonly Epoch[],
    isWithoutLog: boolean,
    private readonly onServing: () => void,
  ) {
    this.epochs = [...ownEpochs];
    this.inquiry = new Inquiry(core, peers, membership, this.epochs, isWithoutLog);
    this.fences = new Fences(core, peers, membership, this.inquiry);
  }

  /** The data connection is proved: what it is asked first depends on how far we are. */
  onOpen(peer: Peer): void {
    if (this.step === 'asking' || this.step === 'raising') {
      this.inquiry.onOpen(peer);
    } else {
      this.fences.send(peer, this.turn);
    }
  }

  onStatus(peer: Peer, status: Status): void {
    this.fences.hear(this.inquiry.vouched(peer, status));
    if (this.step !== 'asking' && this.inquiry.promiseOf(peer) !== undefined) return;
    this.inquiry.onStatus(peer, status);
    if (this.step === 'asking') this.advance();
    else if (this.step !== 'raising') this.fenceAll([peer]);
  }

  onPong(peer: Peer, pong: Pong): void {
    this.inquiry.onPong(peer, pong);
    if (this.step !== 'fencing' && this.step !== 'deciding') return;
    if (this.inquiry.isOver()) this.startOver();
  }

  /** The participant has promised another epoch since it was asked. */
  onPromisedOther(peer: Peer, promised: Epoch): void {
    this.inquiry.forget(peer);
    // A fence of an earlier start of ours that came late is no sign of anybody else.
    if (this.step === 'fencing' && !this.inquiry.isOwn(promised)) this.startOver();
  }

  onTick(): void {
    if (this.step === 'asking') this.inquiry.onTick();
    if (this.step !== 'done') this.advance();
  }

  nextTimeoutAt(): Millis {
    if (this.step === 'done') return Infinity;
    return this.step === 'asking' ? this.inquiry.nextTimeoutAt : this.core.now + LOOK_AGAIN_MS;
  }

  advance(): void {
    const concluded = this.step === 'asking' ? this.inquiry.conclude() : null;
    if (concluded !== null) this.raise(concluded);
    if (this.step === 'fencing') this.tryDecide();
    if (this.step === 'forming' && this.membership.installed !== null) this.finish();
    if (this.step === 'deciding') this.tryRecord();
  }

  private get turn(): Turn {
    if (this.step === 'fencing') return 'members';
    return this.step === 'done' ? 'anybody' : 'asked';
  }

  private fenceAll(peers: readonly Peer[]): void {
    const isBinding = this.step === 'fencing' || this.step === 'deciding';
    if (isBinding && this.inquiry.isOver()) this.startOver();
    else for (const peer of peers) this.fences.send(peer, this.turn);
  }

  /** Another coordinator was here between the answers and the fence. */
  private startOver(): void {
    this.step = 'asking';
    this.core.trace.event('warn', 'another coordinator went on meanwhile: asking anew');
    this.inquiry.startOver();
  }

  private raise({ target, answers }: Conclusion): void {
    const { core, membership } = this;
    const clusters = clustersOf(answers, core.clusterId);
    if (clusters.length > 1) {
      core.exit(`participants of different clusters are configured: ${clusters.join(', ')}`);
      return;
    }
    const [clusterId] = clusters;
    const isForced = core.settings.forcedView !== '';
    const { number, generation } = this.inquiry.nextEpoch();
    if (generation !== core.generation && core.outcomes.decidedTxid > 0 && !isForced) {
      this.forgetOutcomes();
      return;
    }
    const proved = Math.max(this.provedTxid, core.outcomes.lastCommitted);
    this.provedTxid = generation === core.generation ? proved : 0;
    if (core.clusterId === '' || generation !== core.generation) {
      core.adopt(clusterId ?? this.prng.hex(32), generation);
    }
    core.epoch = { number, nonce: this.prng.hex(16) };
    this.epochs.push(core.epoch);
    const isWithoutLog = this.inquiry.isWithoutLog && target !== null;
    const mark = isWithoutLog ? ({ withoutLog: true } as const) : {};
    core.persist({ kind: 'epoch', epoch: core.epoch, ...mark }, true);
    if (target === null) membership.adopt([]);
    if (isWithoutLog) {
      // What this log says was aborted may have been committed since; the members know.
      core.outcomes.replace(0, 0, [], []);
      if (!sameView(target, membership.latest)) core.persist({ kind: 'view', view: target }, true);
      membership.adopt([target]);
    }
    this.step = 'raising';
    core.trace.point('coordinator-epoch');
    core.gate.whenSynced(() => {
      this.step = 'fencing';
      core.trace.event('info', 'epoch begins', { epoch: number });
      this.asked.clear();
      this.fences.begin(this.turn);
      this.fenceAll(this.peers.all);
    });
  }

  /** An operator has overridden what this log says: it must not count in the new generation. */
  private forgetOutcomes(): void {
    const { core } = this;
    core.outcomes.replace(0, 0, [], []);
    this.provedTxid = 0;
    this.persistState();
    this.step = 'raising';
    core.gate.whenSynced(() => {
      this.step = 'asking';
      this.advance();
    });
  }

  onFenced(peer: Peer, told: Status): void {
    if (this.step === 'asking' || this.step === 'raising') return;
    const status = this.fences.note(told);
    const isForced = this.core.settings.forcedView !== '';
    peer.status = status;
    // Another coordinator may have gone on between a participant's answer and its fence.
    if (!isForced && status.view !== null && isNewerView(status.view, this.membership.latest)) {
      if (this.step === 'fencing' || this.step === 'deciding') {
        this.startOver();
        return;
      }
    }
    this.membership.noteStatus(status);
    if (this.step === 'forming') this.membership.sendTo(peer);
    this.advance();
  }

  /** Called with every `fenced`, and when time passes. */
  private tryDecide(): void {
    const { membership } = this;
    if (this.core.settings.forcedView !== '') {
      this.forceView();
      return;
    }
    const view = membership.latest;
    if (view === null) {
      const missing = this.peers.all.filter((peer) => !peer.isFenced);
      if (missing.length > 0) {
        this.core.await(`the first view needs ${missing.map((peer) => peer.address).join(', ')}`);
        return;
      }
      this.step = 'forming';
      this.core.condition = 'the first view is being stored';
      membership.propose(this.peers.all, 'first start');
      return;
    }
    const { isWithoutLog, patienceIsOver } = this.inquiry;
    const statuses = [...this.fences.statuses.values()];
    const views = isWithoutLog ? this.inquiry.viewsBack(view, statuses) : membership.views;
    for (const { storeId } of membersOf(views)) this.asked.add(storeId);
    const needed = isWithoutLog ? membersOf(views) : view.members;
    const missing = needed.filter(({ storeId }) => !this.isBound(storeId, view));
    const mayLeaveOut = !isWithoutLog && patienceIsOver;
    const enough = missing.length === 0 || (mayLeaveOut && missing.length < view.members.length);
    if (!enough) {
      this.core.await(
        `view ${view.number} needs ${missing.map((member) => member.address).join(', ')}`,
      );
      this.fences.sendToHeard(this.turn);
      return;
    }
    if (isWithoutLog) membership.adopt(views.toReversed());
    for (const { storeId, view: known } of statuses) membership.noteStored(storeId, known);
    this.step = 'deciding';
    this.fences.sendToHeard(this.turn);
  }

  /** A member must be there; of whoever else is asked it is enough to be bound to the epoch. */
  private isBound(storeId: StoreId, view: View): boolean {
    if (!isMember(view, storeId)) return this.fences.statuses.has(storeId);
    return this.peers.byStore(storeId)?.isFenced === true;
  }

  /** What the forced store has resolved is what happened; nothing else did. */
  private forceView(): void {
    const { core, membership } = this;
    const peer = this.inquiry.forcedPeer;
    if (peer === undefined || !peer.isFenced || peer.status === null) return;
    const { resolved, lineage } = peer.status;
    const { txid } = resolved;
    core.outcomes.replace(txid, txid, [], lineage);
    membership.force(peer, this.inquiry.highestKnownView());
    this.persistState();
    core.trace.event('warn', 'an operator forced this view: later writes of others are lost', {
      participant: peer.address,
      txid,
      generation: core.generation,
    });
    this.step = 'deciding';
  }

  private tryRecord(): void {
    const { core, membership } = this;
    const view = membership.latest;
    if (view === null || !membership.isDurable) return;
    const present = membership.memberPeers().filter((peer) => peer.isFenced);
    const missing = view.members.filter(
      ({ storeId }) => !present.some((peer) => peer.storeId === storeId),
    );
    const statuses = present.flatMap((peer) => (peer.status === null ? [] : [peer.status]));
    const others = [...this.fences.statuses.values()].filter(
      ({ storeId }) => this.asked.has(storeId) && !isMember(view, storeId),
    );
    const verdicts = decideVerdicts(statuses, core.outcomes, others, this.provedTxid);
    for (const peer of present) this.fences.show(peer, verdicts, this.asked);
    if (!this.mayGoOnWith(view, present, missing)) return;
    for (const { storeId, why } of verdicts.excluded) {
      const peer = this.peers.byStore(storeId);
      if (peer !== undefined) peer.unsound = why;
    }
    if (!this.mayDecide(view, missing, verdicts)) return;
    const exact = verdicts.deciders.length === view.members.length;
    const mustShrink = !exact && (verdicts.excluded.length > 0 || verdicts.needsExactView);
    const mustChange = mustShrink || (exact && !membership.isOfThisStart);
    const deciders = present.filter((peer) => verdicts.deciders.includes(peer.storeId ?? ''));
    if (mustChange && !this.mayFollow(view, deciders)) return;
    if (mustChange && !this.haveStored(view, deciders)) return;
    core.condition = 'deciding what was under way';
    if (mustChange) {
      core.lastTxid = verdicts.baseTxid;
      const shrinks = 'members are lost or silent at the start';
      membership.propose(deciders, exact ? 'a start makes its own view' : shrinks);
      return;
    }
    if (exact && membership.isChanging) return;
    this.record(verdicts);
  }

  private mayDecide(view: View, missing: readonly Member[], verdicts: Verdicts): boolean {
    const why = objection(verdicts, `view ${view.number}`, this.inquiry.naming(missing));
    if (why === '') return true;
    this.core.await(why);
    if (!this.inquiry.isWithoutLog || missing.length > 0) this.step = 'fencing';
    return false;
  }

  /** A member that was lost again is waited for, or left out where the log allows it. */
  private mayGoOnWith(view: View, present: readonly Peer[], missing: readonly Member[]): boolean {
    const isPassing = missing.some(({ storeId }) => {
      const peer = this.peers.byStore(storeId);
      return peer !== undefined && !this.peers.isSuspected(peer);
    });
    if (present.length > 0 && !isPassing && !(this.inquiry.isWithoutLog && missing.length > 0))
      return this.inquiry.isWithoutLog || this.mayFollow(view, present);
    this.core.await(`view ${view.number} needs ${this.inquiry.naming(missing).join(', ')}`);
    return false;
  }

  /**
   * Who knows only a view before must find these. It also proves that no other coordinator was
   * here: it would have bound a member of such a view.
   */
  private mayFollow(view: View, members: readonly Peer[]): boolean {
    if (this.membership.mayFollow(members)) return true;
    const awaited = this.membership.awaitedFor(members);
    this.core.await(`view ${view.number} was not seen to be stored; needs ${awaited}`);
    return false;
  }

  /** Else all would wait for one of them that may be lost before it stores the next one either. */
  private haveStored(view: View, members: readonly Peer[]): boolean {
    const { membership } = this;
    const awaited = membership.isOfThisStart ? membership.notStored(members) : [];
    if (awaited.length === 0) return true;
    const named = awaited.map(({ address }) => address).join(', ');
    this.core.await(`view ${view.number} is being stored at ${named}`);
    return false;
  }

  /** Its members hear of it, in a start behind what is known. */
  onViewDurable(): void {
    if (this.step === 'deciding') this.advance();
    else this.membership.sendToAll();
  }

  /** What it said when it was fenced stays what it is judged by. */
  onViewed(peer: Peer, message: Viewed): void {
    this.membership.onViewed(peer, message);
    this.advance();
  }

  private record(verdicts: Verdicts): void {
    const { core } = this;
    const { outcomes } = core;
    if (this.inquiry.isWithoutLog || verdicts.baseTxid > outcomes.decidedTxid) {
      const isSettled = verdicts.deciders.length === this.membership.size;
      outcomes.extend(verdicts.baseTxid, verdicts.aborted, verdicts.lineage, isSettled);
      this.persistState();
    }
    for (const { epoch, txid, commit } of verdicts.decisions) {
      outcomes.add({ epoch, txid, commit });
      core.persist({ kind: commit ? 'commit' : 'abort', epoch, txid }, true);
      if (!commit) core.counters.abortsRecovery += 1;
    }
    core.lastTxid = outcomes.decidedTxid;
    this.step = 'done';
    core.gate.whenSynced(() => {
      core.toldTxid = outcomes.decidedTxid;
      core.trace.event('info', 'recovered', {
        transactions: outcomes.decidedTxid,
        decided: verdicts.decisions.length,
      });
      this.finish();
    });
  }

  private persistState(): void {
    this.core.persist(stateRecord(this.core.outcomes, this.membership, this.epochs), true);
  }

  private finish(): void {
    this.step = 'done';
    this.core.phase = 'serving';
    this.core.condition = 'serving';
    this.onServing();
  }
}
