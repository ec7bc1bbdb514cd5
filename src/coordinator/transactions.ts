/**
 * The coordinator's half of two-phase commit: batches become transactions, votes become decisions.
 *
 * Rules (docs/PROTOCOL.md): decisions are taken and logged in txid order; what every member of the
 * installed view has PREPARED, durably, is committed by that fact, so COMMIT waits for no sync of
 * ours and is queued to every ready member before the reply leaves; nothing is begun before a view
 * of this start is installed, nor decided while the latest is not; a NO from some members removes
 * them and commits on the rest; ABORT comes only from a unanimous NO, from too few members, or from
 * recovery, is synced here before anyone hears of it, and aborts everything behind it; what follows
 * from it waits until it is synced on every member (`aborts.ts`); past its deadline a client is
 * told UNKNOWN.
 */
import { assert } from '../base/assert.js';
import { crc32 } from '../base/hash.js';
import { type Millis, formatTxid } from '../base/ids.js';
import { MAX_IN_FLIGHT } from '../base/limits.js';
import type { Done, Prepare, Request, Vote } from '../rpc/messages.js';
import { encodeCommandsParts } from '../storage/commands.js';
import type { OutcomeRecord } from '../wal/record.js';
import { Aborts, tooFew, unanimousNo } from './aborts.js';
import type { Batcher } from './batcher.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import { type AbortReason, type Payload, type PendingWrite, Transaction } from './transaction.js';
import { Unreported } from './unreported.js';

/** A member that says `need` this often in a row without progress must be refilled. */
const MAX_NEEDS = 5;

const NOT_BEGUN = 'not executed: no transaction could be begun in time';

export class Transactions {
  /** Sent and not decided, in txid order. */
  private undecided: Transaction[] = [];
  /** Committed, and a client waits for a result. */
  private awaited: Transaction[] = [];
  private readonly aborts: Aborts;
  private readonly unreported = new Unreported();
  /** Set by who has sent the pieces: members shall forget them. */
  forgetStage: (stage: string) => void = () => undefined;
  private staged: { write: PendingWrite; payload: Payload; begun: () => void }[] = [];
  /** No write that was begun is due before this. */
  private timeoutAt: Millis = Infinity;
  /** When a member was last found to answer again after a silence. */
  recoveredAt: Millis = -Infinity;
  /** While a newcomer is let in nothing new is sent, but for what all members hold in pieces. */
  isHeld = false;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly batcher: Batcher,
  ) {
    this.aborts = new Aborts(core, membership, batcher);
  }

  /** Nothing is sent and undecided or about to be, no abort is on its way. */
  get isQuiet(): boolean {
    return this.undecided.length + this.staged.length + this.aborts.all.length === 0;
  }

  /** All that a client may wait for under a name. */
  private get named(): readonly Transaction[] {
    return [...this.undecided, ...this.awaited, ...this.aborts.all];
  }

  /** Aborts that were handed to the log and are not on disk yet, in txid order. */
  unsyncedAborts(): OutcomeRecord[] {
    return this.undecided
      .filter(({ state }) => state === 'aborting')
      .map(({ epoch, txid }) => ({ kind: 'abort', epoch, txid }));
  }

  /** What was begun and may add to the store beyond what members have told, at most. */
  get underWay(): { readonly bytes: number; readonly pairs: number } {
    return this.unreported;
  }

  /**
   * A member has told the size of its store with everything up to here resolved. What will begin
   * anew keeps its room.
   */
  reported(txid: number): void {
    const last = (this.aborts.firstRetried?.txid ?? Infinity) - 1;
    this.unreported.reported(Math.min(txid, last));
  }

  isPending(txid: number): boolean {
    return this.undecided.some((tx) => tx.txid === txid);
  }

  /** A payload that every member holds in pieces: next in turn. */
  addStaged(write: PendingWrite, payload: Payload, begun: () => void): void {
    this.staged.push({ write, payload, begun });
  }

  /** Sends what waits, as far as the window allows. Called when all inputs of a turn are in. */
  dispatch(): void {
    if (this.core.phase !== 'serving' || this.core.isLogBehind) return;
    // Participants refuse everything behind a NO until they have logged its ABORT.
    if (this.undecided.some((tx) => tx.state === 'aborting')) return;
    if (this.aborts.firstRetried !== undefined) return;
    if (this.membership.installed === null) {
      this.shrinkIfNeeded();
      return;
    }
    while (this.undecided.length < MAX_IN_FLIGHT) {
      const [next] = this.staged;
      // What its session sent before it may still wait for its turn.
      if (next !== undefined && !this.batcher.holdsFor(next.write.client?.session)) {
        this.staged.shift();
        this.begin([next.write], next.payload);
        next.begun();
      } else if (!this.isHeld && this.batcher.isDue(this.undecided.some((tx) => tx.isInline))) {
        this.beginBatch(this.batcher.take());
      } else {
        return;
      }
    }
  }

  private beginBatch(writes: readonly PendingWrite[]): void {
    const parts = encodeCommandsParts(writes.map((write) => write.command));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const crc = parts.reduce((sum, part) => crc32(part, sum), 0);
    this.begin(writes, { parts, stage: '', length, crc });
  }

  private begin(writes: readonly PendingWrite[], payload: Payload): void {
    const { core } = this;
    core.lastTxid += 1;
    const tx = new Transaction(core.epoch.number, core.lastTxid, payload, writes);
    this.undecided.push(tx);
    this.unreported.begun(tx.txid, writes);
    for (const { deadline } of writes) this.timeoutAt = Math.min(this.timeoutAt, deadline);
    core.counters.lastBatchCommands = writes.length;
    core.counters.largestBatchCommands = Math.max(
      core.counters.largestBatchCommands,
      writes.length,
    );
    this.sendToReady(this.prepareOf(tx), false);
    core.trace.point('coordinator-prepared');
  }

  /** The first transaction that this member voted for and does not hold any more; 0 if none. */
  takeBackVotes(storeId: string, lastPrepared: number): number {
    const behind = this.undecided.filter((tx) => tx.txid > lastPrepared);
    const broken = behind.find((tx) => tx.votes.get(storeId)?.yes === true);
    for (const tx of behind) tx.votes.delete(storeId);
    return broken?.txid ?? 0;
  }

  /** What a member that just came back has not got: outcomes it lacks were sent before this. */
  resend(peer: Peer, lastPrepared: number): void {
    for (const tx of this.undecided) {
      if (tx.txid > lastPrepared) {
        // Else its abort is on its way.
        if (tx.state === 'preparing') this.peers.send(peer, this.prepareOf(tx));
      } else if (peer.storeId !== null) {
        tx.votes.set(peer.storeId, { yes: true, reason: '' });
      }
    }
    this.advance();
  }

  private prepareOf({ epoch, txid, payload }: Transaction): Prepare {
    const { parts, stage, length, crc } = payload;
    const view = this.membership.announced?.number ?? 0;
    return { type: 'prepare', epoch, view, txid, payload: parts, stage, length, crc };
  }

  private sendToReady(message: Request, isPatient: boolean): void {
    for (const peer of this.membership.memberPeers()) {
      if (peer.isReady) this.peers.send(peer, message, isPatient);
    }
  }

  onVote(peer: Peer, message: Vote): void {
    const tx = this.undecided.find((candidate) => candidate.txid === message.txid);
    if (tx === undefined || tx.epoch !== message.epoch || peer.storeId === null) return;
    if (tx.state !== 'preparing' || !peer.isReady) return;
    if (message.vote === 'need') {
      this.onNeed(peer, message.reason);
      return;
    }
    peer.needs = 0;
    if (message.vote === 'no') peer.trouble = `voted NO: ${message.reason}`;
    tx.votes.set(peer.storeId, { yes: message.vote === 'yes', reason: message.reason });
    this.advance();
  }

  private onNeed(peer: Peer, reason: string): void {
    peer.needs += 1;
    if (peer.needs >= MAX_NEEDS) peer.unsound = `it keeps missing records: ${reason}`;
    this.peers.restart(peer, `asked to start over: ${reason}`);
  }

  /** Decides what can be decided, oldest first; asks for a smaller view where that helps. */
  advance(): void {
    const { core, membership } = this;
    if (core.phase !== 'serving' && core.phase !== 'recovering') return;
    for (;;) {
      const tx = this.undecided.find((candidate) => candidate.state === 'preparing');
      if (tx === undefined) break;
      if (membership.isChanging) break;
      const members = membership.installed?.members ?? [];
      const votes = members.map((member) => tx.votes.get(member.storeId));
      if (votes.some((vote) => vote === undefined)) break;
      if (votes.every((vote) => vote?.yes === true)) {
        if (members.length >= core.settings.minParticipants) this.commit(tx);
        else this.abortFrom(tx, tooFew(members.length, core.settings.minParticipants));
      } else if (votes.every((vote) => vote?.yes === false)) {
        this.abortFrom(tx, unanimousNo(votes.map((vote) => vote?.reason ?? '')));
      } else {
        break;
      }
    }
    this.shrinkIfNeeded();
  }

  /** Writes wait for a view of this start, under which they can be begun. */
  private get isWaiting(): boolean {
    return this.membership.installed === null && this.staged.length + this.batcher.length > 0;
  }

  /** Proposes a smaller view where work cannot go on without one. */
  private shrinkIfNeeded(): void {
    const { membership, peers } = this;
    const tx = this.undecided.find((candidate) => candidate.state === 'preparing');
    if (tx === undefined && this.aborts.all.length === 0 && !this.isWaiting) return;
    // Who has not stored this view may never do so: alone in the next, all would wait for it.
    if (!membership.isSettledEnough) return;
    const members = membership.latest?.members ?? [];
    const stuck = members.filter(({ storeId }) => {
      const peer = peers.byStore(storeId);
      return peer === undefined || peers.isSuspected(peer) || peer.unsound !== '';
    });
    const voters = membership.soundMembers();
    // One stall of a disk that all share ends for all of them, but not at the same instant.
    if (this.core.now < this.recoveredAt + this.core.settings.heartbeatIntervalMs) return;
    // A member that is neither silent nor here is on its way back: its time is not up yet.
    if (voters.length === 0 || stuck.length + voters.length !== members.length) return;
    const said = (peer: Peer): boolean | undefined => tx?.votes.get(peer.storeId ?? '')?.yes;
    if (tx !== undefined && voters.some((peer) => said(peer) === undefined)) return;
    const yes = voters.filter((peer) => said(peer) === true);
    const rest = yes.length > 0 ? yes : voters;
    if (rest.length === members.length) return;
    this.shrinkTo(rest, yes.length > 0 ? 'members are silent or refused' : 'members are silent');
  }

  private shrinkTo(members: readonly Peer[], reason: string): void {
    if (this.membership.mayFollow(members)) this.membership.propose(members, reason);
  }

  /**
   * Any recovery finds it prepared at every member that may decide, and commits it: the record only
   * spares that question, and is flushed when convenient.
   */
  private commit(tx: Transaction): void {
    const { core } = this;
    core.trace.point('coordinator-deciding');
    core.persist({ kind: 'commit', epoch: tx.epoch, txid: tx.txid }, false);
    this.decided(tx, true);
    core.trace.point('coordinator-decided');
    this.tell(tx, true, !tx.awaitsResults);
    core.counters.commits += 1;
    core.counters.commands += tx.writes.length;
    for (const write of tx.writes) {
      if (write.client === null || write.command.op !== 'set') continue;
      core.reply(write.client, { type: 'ok' });
      write.client = null;
      if (tx.isInline) this.batcher.expectMore();
    }
    if (tx.awaitsResults) this.awaited.push(tx);
  }

  /** Aborts this transaction and all behind it; the commands of those will begin anew. */
  private abortFrom(first: Transaction, reason: AbortReason): void {
    const { core } = this;
    const from = this.undecided.indexOf(first);
    const aborted = this.undecided.slice(from);
    for (const tx of aborted) {
      assert(tx.state === 'preparing', 'decisions are taken in order');
      tx.become('aborting');
      // A staged payload is gone with its transaction: its client must send it again.
      const retry = tx !== first && tx.isInline;
      tx.abort = { ...reason, retry };
      core.persist({ kind: 'abort', epoch: tx.epoch, txid: tx.txid }, true);
    }
    core.trace.event('warn', `aborted: ${reason.text}`, { txid: first.txid });
    core.gate.whenSynced(() => {
      for (const tx of aborted) {
        this.decided(tx, false);
        this.tell(tx, false, false);
        // Who had not prepared it does not know that this is its end.
        if (!tx.isInline) this.forgetStage(tx.payload.stage);
        this.aborts.add(tx);
      }
    });
  }

  private decided(tx: Transaction, commit: boolean): void {
    const { core } = this;
    assert(this.undecided[0] === tx, 'outcomes are told in txid order');
    this.undecided.shift();
    tx.become(commit ? 'committed' : 'aborted');
    core.outcomes.add({ epoch: tx.epoch, txid: tx.txid, commit });
    core.toldTxid = tx.txid;
  }

  private tell(tx: Transaction, commit: boolean, isPatient: boolean): void {
    const { epoch, txid } = tx;
    this.sendToReady({ type: 'outcome', epoch, txid, commit }, isPatient);
  }

  onDone(peer: Peer, message: Done): void {
    this.aborts.onDone(peer, message);
    const tx = this.awaited.find((candidate) => candidate.txid === message.txid);
    if (tx?.epoch !== message.epoch || message.results.length !== tx.writes.length) return;
    this.answerResults(tx, message.results);
  }

  private answerResults(tx: Transaction, results: readonly number[]): void {
    tx.writes.forEach((write, index) => {
      if (write.client === null) return;
      this.core.reply(write.client, { type: 'count', count: results[index] ?? 0 });
      write.client = null;
    });
    this.awaited = this.awaited.filter((candidate) => candidate !== tx);
  }

  /** Called when a view may have been installed. */
  finishAborts(): void {
    this.aborts.finish();
  }

  onTick(): void {
    const { core } = this;
    this.batcher.expire(core.now, 'TRYAGAIN', NOT_BEGUN);
    this.dropStaged(core.now, 'TRYAGAIN', NOT_BEGUN);
    if (core.now >= this.timeoutAt) this.answerLate();
    this.awaited = this.awaited.filter((tx) => tx.writes.some((write) => write.client));
    this.aborts.forgetAnswered();
  }

  nextTimeoutAt(): Millis {
    const at = Math.min(this.batcher.nextTimeoutAt, this.timeoutAt);
    return this.staged.reduce((earliest, { write }) => Math.min(earliest, write.deadline), at);
  }

  /** What was due by then and was never begun. */
  private dropStaged(dueBy: Millis, code: string, text: string): void {
    const dropped = this.staged.filter(({ write }) => write.deadline <= dueBy);
    this.staged = this.staged.filter(({ write }) => write.deadline > dueBy);
    for (const { write, payload, begun } of dropped) {
      this.forgetStage(payload.stage);
      if (write.client !== null) this.core.fail(write.client, code, text);
      write.client = null;
      begun();
    }
  }

  private answerLate(): void {
    this.timeoutAt = Infinity;
    for (const tx of this.named) {
      for (const write of tx.writes) {
        if (write.client === null) continue;
        if (this.core.now >= write.deadline) this.answerUnknown(tx, write);
        else this.timeoutAt = Math.min(this.timeoutAt, write.deadline);
      }
    }
  }

  /** Shutdown, a lost log, or nobody left: everybody gets the most honest answer there is. */
  failAll(code: string, text: string): void {
    this.batcher.failAll(code, text);
    this.dropStaged(Infinity, code, text);
    for (const tx of this.named) {
      for (const write of tx.writes) if (write.client !== null) this.answerUnknown(tx, write);
    }
  }

  private answerUnknown(tx: Transaction, write: PendingWrite): void {
    if (write.client === null) return;
    const { core } = this;
    const name = formatTxid(tx.epoch, tx.txid);
    core.counters.unknowns += 1;
    const text =
      tx.state === 'committed'
        ? `${name} committed, but its result cannot be told; do not send it again`
        : `${name} may or may not happen; ask TXSTATUS ${name} before you send it again`;
    core.fail(write.client, 'UNKNOWN', text);
    write.client = null;
  }
}
