/**
 * The first step of a coordinator's start: asks every participant how it is, changes nothing, and
 * says when enough is known to raise an epoch, and over which view.
 *
 * Knows the three kinds of start (with log, without log, forced by an operator) and what each must
 * hear first; see `takeover.ts`. Invariant: nothing is concluded while an acknowledged write might
 * be held only by members that have not answered, unless this log names them as members that may be
 * left out.
 */
import {
  type Epoch,
  type Member,
  type Millis,
  type StoreId,
  type View,
  isNewerView,
  NO_EPOCH,
  sameEpoch,
} from '../base/ids.js';
import type { Status } from '../rpc/messages.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer, Peers } from './peers.js';

/** Asking again, where an answer may have changed by itself. */
const ASK_AGAIN_MS: Millis = 200;

export interface Conclusion {
  /** The view whose members hold every acknowledged write; null: there is none yet. */
  readonly target: View | null;
  readonly answers: readonly Status[];
}

export class Inquiry {
  /** No log, a copied one, or one that others have outrun: all members must be asked. */
  isWithoutLog: boolean;
  private askAgainAt: Millis;
  private readonly askedAt: Millis;
  private readonly heardOf = new Map<Peer, Status>();
  /** When any participant last heard a coordinator; kept when that participant restarts. */
  private lastHeardAt: Millis = -Infinity;
  private lastHeardEpoch: Epoch = NO_EPOCH;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly ownEpochs: readonly Epoch[],
    isCopied: boolean,
  ) {
    this.isWithoutLog = isCopied || membership.latest === null;
    this.askedAt = core.now;
    this.askAgainAt = core.now + ASK_AGAIN_MS;
  }

  onOpen(peer: Peer): void {
    this.peers.send(peer, { type: 'inquire' });
  }

  onStatus(peer: Peer, status: Status): void {
    this.heardOf.set(peer, status);
    const { heardMsAgo, heardEpoch } = status;
    const heardAt = this.core.now - heardMsAgo;
    if (heardMsAgo < 0 || heardAt < this.lastHeardAt) return;
    this.lastHeardAt = heardAt;
    this.lastHeardEpoch = heardEpoch;
  }

  onTick(): void {
    if (this.core.now < this.askAgainAt) return;
    this.askAgainAt = this.core.now + ASK_AGAIN_MS;
    for (const peer of this.peers.all) this.peers.send(peer, { type: 'inquire' });
  }

  get nextTimeoutAt(): Millis {
    return this.askAgainAt;
  }

  /** One detection time has passed: who has not answered may be left out, where that is allowed. */
  get patienceIsOver(): boolean {
    return this.core.now - this.askedAt >= this.core.settings.failureTimeoutMs;
  }

  /** The participant that an operator declared to hold the truth. */
  get forcedPeer(): Peer | undefined {
    return this.peers.all.find((peer) => peer.address === this.core.settings.forcedView);
  }

  /** Null while more must be heard; then `condition` says of whom. */
  conclude(): Conclusion | null {
    const answers = [...this.heardOf.values()];
    if (this.core.settings.forcedView !== '') {
      return this.concludeForced(answers);
    }
    if (!this.isWithoutLog && answers.some((status) => this.outruns(status))) {
      this.isWithoutLog = true;
      this.core.trace.event('warn', 'a participant knows more than this log: asking all of them');
    }
    const target = this.isWithoutLog ? this.highestView(answers) : this.membership.latest;
    const waitFor = target === null ? this.notEmpty() : this.notAnswered(target);
    if (target !== null && !this.isWithoutLog && this.patienceIsOver) {
      if (waitFor.length < target.members.length) {
        return { target, answers };
      }
    }
    if (waitFor.length > 0) {
      const what = target === null ? 'the first view' : `view ${target.number}`;
      this.core.await(`${what} needs an answer from ${waitFor.join(', ')}`);
      return null;
    }
    if (this.isWithoutLog && !this.isAlone()) return null;
    return { target, answers };
  }

  /** An operator takes one participant's store as the truth: only that one must answer. */
  private concludeForced(answers: readonly Status[]): Conclusion | null {
    const { core, forcedPeer } = this;
    if (forcedPeer === undefined) {
      core.exit(`${core.settings.forcedView} is not a configured participant`);
    } else if (!this.heardOf.has(forcedPeer) || !this.patienceIsOver) {
      core.await(`the forced view needs an answer from ${forcedPeer.address}`);
    } else if (this.heardOf.get(forcedPeer)?.fit !== true) {
      core.exit(`the store of ${forcedPeer.address} is damaged or half filled: force another one`);
    } else {
      return { target: this.highestView(answers), answers };
    }
    return null;
  }

  highestKnownView(): View | null {
    return this.highestView([...this.heardOf.values()]);
  }

  /** Another coordinator has been here since this log was written. */
  private outruns(status: Status): boolean {
    const known =
      status.epoch.number === 0 || this.ownEpochs.some((own) => sameEpoch(own, status.epoch));
    return !known || (status.view?.number ?? 0) > (this.membership.latest?.number ?? 0);
  }

  private highestView(answers: readonly Status[]): View | null {
    let highest = this.membership.latest;
    for (const { view } of answers) {
      if (view !== null && isNewerView(view, highest)) highest = view;
    }
    return highest;
  }

  /** Without any view, all configured participants must have answered, as empty. */
  private notEmpty(): string[] {
    return this.peers.all
      .filter((peer) => this.heardOf.get(peer)?.empty !== true)
      .map((peer) => peer.address);
  }

  /**
   * Nothing was decided under a view that not all its members know: the members of the one before
   * must be asked too, and so on, down to one that all of its own know.
   */
  private mayHold(highest: View): Member[] {
    const views = [highest, ...[...this.heardOf.values()].map(({ view }) => view)]
      .filter((view) => view !== null)
      .sort((a, b) => (isNewerView(a, b) ? -1 : 1));
    const members = new Map<StoreId, Member>();
    for (const view of views) {
      for (const member of view.members) members.set(member.storeId, member);
      if (view.members.every(({ storeId }) => this.knows(storeId, view))) break;
    }
    return [...members.values()];
  }

  private knows(storeId: StoreId, view: View): boolean {
    const status = [...this.heardOf.values()].find((other) => other.storeId === storeId);
    const known = status?.view ?? null;
    return known !== null && !isNewerView(view, known);
  }

  private notAnswered(view: View): string[] {
    const answered = new Set([...this.heardOf.values()].map((status) => status.storeId));
    const asked = this.isWithoutLog ? this.mayHold(view) : view.members;
    return asked
      .filter((member) => !answered.has(member.storeId))
      .map(({ address, storeId }) => {
        const isConfigured = this.peers.all.some((peer) => peer.address === address);
        const hint = isConfigured ? '' : ', which is not configured';
        return `${address} (store ${storeId.slice(0, 8)}${hint})`;
      });
  }

  /** A start without log must not take a living coordinator's participants away. */
  private isAlone(): boolean {
    const { core } = this;
    const { failureTimeoutMs } = core.settings;
    if (core.now - this.lastHeardAt >= failureTimeoutMs) return true;
    const isLiving = this.lastHeardAt > this.askedAt + ASK_AGAIN_MS;
    if (isLiving && this.patienceIsOver) {
      core.exit(
        `another coordinator (epoch ${this.lastHeardEpoch.number}) is alive: ` +
          'this one has no log of its own and would take its participants away',
      );
    }
    core.await('making sure that no other coordinator is alive');
    return false;
  }
}
