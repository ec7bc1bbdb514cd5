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
  type ClusterId,
  type Epoch,
  type Member,
  type Millis,
  type StoreId,
  type View,
  firstEpochOf,
  generationOf,
  isNewerView,
  newestView,
  NO_EPOCH,
  sameEpoch,
  sameView,
  viewIn,
} from '../base/ids.js';
import type { Pong } from '../rpc/messages.js';
import { type Status, asOf } from '../rpc/status.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';

/** What fits into the header of a segment: overrides until the year 2106. */
const MAX_GENERATION = 2 ** 32 - 1;

/** Asking again, where an answer may have changed by itself. */
const ASK_AGAIN_MS: Millis = 200;

/** Above what a silent participant may have promised: in fewer starts with log than this. */
const FORCED_EPOCH_STEP = 1000;

/**
 * Starts whose log was lost since may have bound a participant that does not answer now to higher
 * epochs than anybody tells of: each to one more, so fewer than this many in a row. If one of them
 * had no log either, it raised its epoch as far, and whom it bound alone stays outside until later.
 */
export const WITHOUT_LOG_EPOCH_STEP = 100;

export interface Conclusion {
  /** The view whose members hold every acknowledged write; null: there is none yet. */
  readonly target: View | null;
  readonly answers: readonly Status[];
}

export class Inquiry {
  /** No log, a copied one, or one that others have outrun: all members must be asked. */
  isWithoutLog: boolean;
  private askAgainAt: Millis;
  private askedAt: Millis;
  private readonly heardOf = new Map<Peer, Status>();
  /** The latest generation in a heartbeat that told of it, or of an unknown epoch or view of it. */
  private strangest = -1;
  /** Generations that heartbeats told of, or a status of before, until one says what is on disk. */
  private readonly toldGenerations = new Map<Peer, number>();
  /** All its members stored it, says this log: views before it do not count, whoever came since. */
  private readonly installed: View | null;
  /** When any participant last heard a coordinator; kept when that participant restarts. */
  private lastHeardAt: Millis = -Infinity;
  private lastHeardEpoch: Epoch = NO_EPOCH;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    /** Of this log, and what this start has raised since. */
    private readonly ownEpochs: readonly Epoch[],
    isWithoutLog: boolean,
  ) {
    this.isWithoutLog = isWithoutLog || membership.latest === null;
    this.installed = membership.lastInstalled;
    this.askedAt = core.now;
    this.askAgainAt = core.now + ASK_AGAIN_MS;
  }

  /** Somebody else went on between an answer and the fence: what was heard may be over. */
  startOver(): void {
    this.isWithoutLog = true;
    for (const peer of this.peers.all) this.forget(peer);
    this.askedAt = this.core.now;
    this.askAgainAt = this.core.now;
    this.onTick();
  }

  onOpen(peer: Peer): void {
    this.peers.send(peer, { type: 'inquire' });
  }

  onStatus(peer: Peer, status: Status): void {
    this.heardOf.set(peer, status);
    this.toldGenerations.delete(peer);
    this.membership.noteStatus(status);
    const { heardMsAgo, heardEpoch } = status;
    const heardAt = this.core.now - heardMsAgo;
    const isOurs = heardEpoch.number > 0 && sameEpoch(heardEpoch, this.core.epoch);
    if (heardMsAgo < 0 || isOurs || heardAt < this.lastHeardAt) return;
    this.lastHeardAt = heardAt;
    this.lastHeardEpoch = heardEpoch;
  }

  /** What it has promised may be another epoch by now: it is to be asked again. */
  forget(peer: Peer): void {
    const told = [this.heardOf.get(peer)?.generation ?? 0, this.toldGenerations.get(peer) ?? 0];
    this.toldGenerations.set(peer, Math.max(...told));
    this.heardOf.delete(peer);
  }

  /** The epoch that it has promised, as far as it was asked. */
  promiseOf(peer: Peer): Epoch | undefined {
    return this.heardOf.get(peer)?.epoch;
  }

  /** An answer as it counts; what an operator declares to be the truth does. */
  vouched(peer: Peer, status: Status): Status {
    if (peer !== this.forcedPeer) return asOf(this.generation, status);
    return { ...status, view: viewIn(this.generation, status.view) };
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

  isOwn(epoch: Epoch): boolean {
    return this.ownEpochs.some((own) => sameEpoch(own, epoch));
  }

  /** The participant that an operator declared to hold the truth. */
  get forcedPeer(): Peer | undefined {
    return this.peers.all.find((peer) => peer.address === this.core.settings.forcedView);
  }

  /** Number and generation of the epoch to be raised, above all that anybody knows. */
  nextEpoch(): { readonly number: number; readonly generation: number } {
    const { forcedView, forcedAt } = this.core.settings;
    const told = [...this.heardOf.values()].map(({ epoch }) => epoch);
    const known = [...this.ownEpochs, ...told, this.highestKnownView()?.epoch];
    const highest = Math.max(0, ...known.map((epoch) => epoch?.number ?? 0));
    if (forcedView === '') {
      const { generation } = this;
      const step = this.isWithoutLog && highest > 0 ? WITHOUT_LOG_EPOCH_STEP : 1;
      return { number: Math.max(highest + step, firstEpochOf(generation)), generation };
    }
    const generation = Math.max(this.generation + 1, generationOf(highest) + 1, forcedAt);
    return { number: Math.max(highest + FORCED_EPOCH_STEP, firstEpochOf(generation)), generation };
  }

  /** Null while more must be heard; then `condition` says of whom. */
  conclude(): Conclusion | null {
    const answers = this.answers();
    if (this.core.settings.forcedView !== '') {
      return this.concludeForced(answers);
    }
    this.noteOutrun();
    const target = this.isWithoutLog ? this.highestView(answers) : this.membership.latest;
    if (target === null) return this.areAllEmpty() && this.isAlone() ? { target, answers } : null;
    const waitFor = this.notAnswered(target);
    const mayLeaveOut = !this.isWithoutLog && this.patienceIsOver;
    if (mayLeaveOut && waitFor.length < target.members.length) return { target, answers };
    if (waitFor.length > 0) {
      this.core.await(`view ${target.number} needs an answer from ${waitFor.join(', ')}`);
      return null;
    }
    if (!this.hasHeardAll()) return null;
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
    } else if (this.nextEpoch().generation > MAX_GENERATION) {
      core.exit('no generation is left for an override: see to the clock of this machine');
    } else {
      return { target: this.highestView(answers), answers };
    }
    return null;
  }

  /** Of any generation: what an override puts an end to. */
  highestKnownView(): View | null {
    const told = [...this.heardOf.values()].map(({ view }) => view);
    return newestView([this.membership.latest, ...told]);
  }

  /** True if this start counts as without log from now on because of what some participant said. */
  private noteOutrun(): boolean {
    if (this.isWithoutLog) return false;
    const isTold = [...this.heardOf.values()].some((status) => this.outruns(status));
    if (!isTold && this.strangest < this.core.generation) return false;
    this.isWithoutLog = true;
    this.core.trace.event('warn', 'a participant knows more than this log: asking all of them');
    return true;
  }

  /** What was concluded, not by an operator, does not hold: who answered later knows more. */
  isOver(): boolean {
    if (this.core.settings.forcedView !== '') return false;
    return this.noteOutrun() || this.generation > this.core.generation;
  }

  /** A heartbeat needs no disk: it tells of another coordinator where all else is stalled. */
  onPong(peer: Peer, { epoch, viewNumber, generation }: Pong): void {
    const { core, membership } = this;
    if (generation <= core.generation) {
      if (!membership.isCountedOn(peer) || this.isOfBefore(epoch)) return;
      if (this.isOwn(epoch) && viewNumber <= membership.highestNumber) return;
    }
    this.strangest = Math.max(this.strangest, generation);
    this.toldGenerations.set(peer, Math.max(generation, this.toldGenerations.get(peer) ?? 0));
  }

  private answers(): Status[] {
    return [...this.heardOf].map(([peer, status]) => this.vouched(peer, status));
  }

  /** The highest that anybody knows, also who has only told of it in a heartbeat. */
  private get generation(): number {
    const heard = [...this.heardOf.values()].map(({ generation }) => generation);
    return Math.max(this.core.generation, ...this.toldGenerations.values(), ...heard);
  }

  /** Another coordinator has been here since this log was written. */
  private outruns({ generation, epoch, view }: Status): boolean {
    if (generation !== this.core.generation) return generation > this.core.generation;
    const isKnown = this.isOfBefore(epoch) || this.isOwn(epoch);
    return !isKnown || (view !== null && isNewerView(view, this.membership.latest));
  }

  /** None, or one of a generation that is over. */
  private isOfBefore({ number }: Epoch): boolean {
    return number === 0 || number < firstEpochOf(this.core.generation);
  }

  private highestView(answers: readonly Status[]): View | null {
    const own = viewIn(this.generation, this.membership.latest);
    return newestView([own, ...answers.map(({ view }) => view)]);
  }

  /** Without any view, all configured participants must have answered, as empty. */
  private areAllEmpty(): boolean {
    const { generation } = this;
    const others = this.peers.all.filter((peer) => this.heardOf.get(peer)?.empty !== true);
    // Also if it was before an override: of what came after it nothing is left then either.
    const hasDecided = this.core.outcomes.decidedTxid > 0;
    if (others.length === 0 && !hasDecided) return true;
    const silent = others.filter((peer) => !this.heardOf.has(peer));
    const names = silent.map(({ address }) => address).join(', ');
    const view = generation === 0 ? 'the first view' : `a view of generation ${generation}`;
    const last = this.highestKnownView()?.members.map(({ address }) => address) ?? [];
    const before = last.length > 0 ? `, the last one before was that of ${last.join(', ')}` : '';
    this.core.await(
      silent.length > 0
        ? `${view} needs an answer from ${names}`
        : `nobody knows ${view}, and something was stored${before}: an operator must force a view`,
    );
    return false;
  }

  /** Of a start without log: this one and those before it; `later` is newer than the answers. */
  viewsThatCount(view: View, later: Iterable<Status> = []): View[] {
    return this.viewsBack(view, [...this.answers(), ...later]);
  }

  viewsBack(view: View, statuses: readonly Status[]): View[] {
    return viewsBack(view, statuses, viewIn(this.generation, this.installed));
  }

  private notAnswered(view: View): string[] {
    const answered = new Set([...this.heardOf.values()].map((status) => status.storeId));
    const asked = this.isWithoutLog ? membersOf(this.viewsThatCount(view)) : view.members;
    return this.naming(asked.filter((member) => !answered.has(member.storeId)));
  }

  /** For operators, who may have to put one back into the configuration. */
  naming(members: readonly Member[]): string[] {
    return members.map(({ address, storeId }) => {
      const isConfigured = this.peers.all.some((peer) => peer.address === address);
      const hint = isConfigured ? '' : ', which is not configured';
      return `${address} (store ${storeId.slice(0, 8)}${hint})`;
    });
  }

  /**
   * Whoever can answer may know a newer view: a start without log gives them all the time. Outside
   * the view somebody may have promised an epoch above ours, to a coordinator that is gone: one
   * round of questions finds out, else it could not be fenced, nor come back, until the next start.
   */
  private hasHeardAll(): boolean {
    const silent = this.peers.all.filter((peer) => !this.heardOf.has(peer));
    const isRoundOver = this.core.now - this.askedAt >= ASK_AGAIN_MS;
    if (silent.length === 0 || this.patienceIsOver) return true;
    if (isRoundOver && !this.isWithoutLog) return true;
    this.core.await(`giving ${silent.map(({ address }) => address).join(', ')} time to answer`);
    return false;
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

/**
 * Nothing was decided under a view that not all its members know: the view before it counts too,
 * and so on, down to one that all of its own members know, or did (`installed`). Newest first.
 */
export function viewsBack(
  newest: View,
  statuses: readonly Status[],
  installed: View | null,
): View[] {
  const known = new Map(statuses.map(({ storeId, view }) => [storeId, view]));
  const views = [newest, installed, ...known.values()]
    .filter((view) => view !== null)
    .filter((view) => installed === null || !isNewerView(installed, view))
    .sort((a, b) => Number(isNewerView(b, a)) - Number(isNewerView(a, b)));
  const back: View[] = [];
  for (const view of views) {
    if (sameView(view, back.at(-1) ?? null)) continue;
    back.push(view);
    const isKnown = view.members.every(({ storeId }) => {
      const own = known.get(storeId) ?? null;
      return own !== null && !isNewerView(view, own);
    });
    if (isKnown) break;
  }
  return back;
}

export function membersOf(views: readonly View[]): Member[] {
  const members = new Map<StoreId, Member>();
  for (const view of views) {
    for (const member of view.members) members.set(member.storeId, member);
  }
  return [...members.values()];
}

/** Those that are known, this coordinator's own included: more than one is a mistake. */
export function clustersOf(answers: readonly Status[], own: ClusterId): ClusterId[] {
  const known = [...answers.map(({ clusterId }) => clusterId), own];
  return [...new Set(known.filter((clusterId) => clusterId !== ''))];
}
