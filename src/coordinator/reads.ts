/**
 * Reads: each goes to one ready member of the view, spread over them, and is answered by it.
 *
 * Linearizable because every decided COMMIT is queued on every ready member's connection before the
 * reply to that write leaves, and a read sent later is queued behind it. A member that owes an
 * answer gets nothing more until many reads wait: they gather and go as one question, because a
 * message costs both sides far more than a read in it. Knows nothing of transactions.
 * Invariants: the reads of one session that are under way are all at one member; when it is lost,
 * or may not be read any more, they go to another, in order, before the session's next one. Every
 * read is answered, at the latest at its deadline, which progress puts off for large answers only.
 */
import { assert } from '../base/assert.js';
import type { Millis } from '../base/ids.js';
import { MAX_ANSWER_BYTES, PIECE_BYTES, PROMPT_BYTES } from '../base/limits.js';
import type { Key, ReadCommand, StoreReply } from '../base/store-request.js';
import type { Part, Unreadable, Value } from '../rpc/messages.js';
import { Assembly, isPlausible, totalOf } from './assembly.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import { type Question, Questions } from './questions.js';
import type { ClientRef } from './ready.js';
import { type PendingRead, SessionReads } from './session-reads.js';

/** A command with more keys is asked for alone. */
const MAX_SHARING_KEYS = 16;
const MAX_SHARED_KEYS = 1024;

/** How quickly a large value is forgotten when small ones follow. */
const MEMORY_OF_LARGE_VALUES = 0.9;

const IN_TIME = 'no participant answered this read in time';

export class Reads {
  private readonly questions = new Questions();
  private readonly sessions: SessionReads;
  /** Not sent yet, in the order of their sessions. */
  private queue: PendingRead[] = [];
  /** How many there were when more were last waited for. */
  private gathered = 0;
  private turn = 0;
  /** No read is due before this. */
  private timeoutAt: Millis = Infinity;
  /** What a read is taken to bring. */
  private expectedBytes = 0;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
  ) {
    this.sessions = new SessionReads((client, reply) => {
      core.reply(client, reply);
    });
  }

  onRead(client: ClientRef, command: ReadCommand, arrivedAt: Millis): void {
    const { core } = this;
    core.counters.reads += 1;
    const deadline = arrivedAt + core.settings.requestTimeoutMs;
    this.timeoutAt = Math.min(this.timeoutAt, deadline);
    this.queue.push({ client, command, deadline, isAlone: false, reply: null });
  }

  /** Sends what waits, as far as members may be asked. Called when all inputs of a turn are in. */
  dispatch(): void {
    if (this.queue.length === 0) return;
    const readable = this.readableMembers();
    if (readable.length === 0) {
      this.failIfHopeless();
      return;
    }
    this.takeBackUnreadable(readable);
    const { questions } = this;
    const isMuch = this.queue.length >= this.core.settings.companionReads;
    const free = readable.filter(
      (peer) => !questions.isFull(peer) && (isMuch || !questions.owes(peer)),
    );
    if (free.length === 0) return;
    if (!isMuch && questions.isAnyOwed && this.queue.length > this.gathered) {
      this.gathered = this.queue.length;
      this.core.again();
      return;
    }
    this.gathered = 0;
    let left: PendingRead[] = [];
    for (const [peer, reads] of this.distribute(free)) left = left.concat(this.ask(peer, reads));
    if (left.length > 0) this.queue = [...left, ...this.queue];
  }

  onValue(peer: Peer, message: Value): void {
    const question = this.questions.get(message.id, peer);
    if (question === undefined) return;
    this.questions.settle(question);
    const { reads } = question;
    const [first] = reads;
    assert(first !== undefined, 'a question is about something');
    if (first.command.op !== 'get') {
      this.questions.finish(question);
      this.sessions.answered(first, { type: 'count', count: message.count });
      return;
    }
    const keys = reads.reduce((sum, { command }) => sum + command.keys.length, 0);
    if (!isPlausible(message.lengths, keys)) {
      this.peers.restart(peer, 'its answer to a read cannot be true');
      return;
    }
    this.noteBytes(totalOf(message.lengths) / reads.length);
    if (reads.length > 1) this.takeShared(question, message);
    else this.takeFirstSlice(question, first, message);
  }

  onPart(peer: Peer, message: Part): void {
    const question = this.questions.get(message.id, peer);
    const assembly = question?.assembly;
    if (question === undefined || !assembly) return;
    if (message.offset !== assembly.have) {
      this.peers.restart(peer, 'slices of a value are out of order');
      return;
    }
    assembly.place(message.bytes);
    if (assembly.total > PROMPT_BYTES) {
      for (const read of question.reads) {
        read.deadline = this.core.now + this.core.settings.requestTimeoutMs;
      }
    }
    this.continueWith(question, assembly);
  }

  onUnreadable(peer: Peer, message: Unreadable): void {
    if (this.questions.get(message.id, peer) === undefined) return;
    this.core.trace.event('warn', `a participant did not serve a read: ${message.reason}`, {
      participant: peer.address,
    });
    peer.isReady = false;
    this.peers.restart(peer, `did not serve a read: ${message.reason}`);
  }

  /** The member is lost, suspected or removed: ask another, in the order of asking. */
  onPeerLost(peer: Peer): void {
    for (const question of this.questions.all) {
      if (question.peer === peer) this.questions.finish(question);
    }
    const { now, settings } = this.core;
    const open = this.sessions.withdrawAll(peer);
    for (const read of open) {
      if (read.reply === null) continue;
      // It was answered in time: that another one was not is no fault of it.
      read.reply = null;
      read.deadline = Math.max(read.deadline, now + settings.requestTimeoutMs);
      this.timeoutAt = Math.min(this.timeoutAt, read.deadline);
    }
    this.askAgain(open);
  }

  onTick(): void {
    const { now } = this.core;
    if (now < this.timeoutAt) return;
    const isLate = (read: PendingRead): boolean => now >= read.deadline;
    for (const question of this.questions.all) {
      const late = openReads(question).filter(isLate);
      for (const read of late) this.sessions.answered(read, tryAgain(IN_TIME));
      if (openReads(question).length === 0) this.questions.finish(question);
    }
    const late = this.queue.filter(isLate);
    this.queue = this.queue.filter((read) => !isLate(read));
    const isAnyReadable = late.length > 0 && this.readableMembers().length > 0;
    this.failLate(late, isAnyReadable ? IN_TIME : this.unreadable());
    const asked = this.questions.all.flatMap(openReads);
    this.timeoutAt = Infinity;
    for (const { deadline } of [...asked, ...this.queue]) {
      this.timeoutAt = Math.min(this.timeoutAt, deadline);
    }
  }

  nextTimeoutAt(): Millis {
    return this.timeoutAt;
  }

  failAll(code: string, text: string): void {
    for (const question of this.questions.all) {
      this.questions.finish(question);
      for (const read of openReads(question)) {
        this.sessions.answered(read, { type: 'error', code, text });
      }
    }
    for (const { client } of this.queue.splice(0)) this.core.fail(client, code, text);
  }

  /** The reads of a session are at one member: where that is lost, they go first, and together. */
  private takeBackUnreadable(readable: readonly Peer[]): void {
    if (readable.length === this.peers.all.length) return;
    const lost = new Set<Peer>();
    for (const { client } of this.queue) {
      const peer = this.sessions.peerOf(client);
      if (peer !== undefined && !readable.includes(peer)) lost.add(peer);
    }
    for (const peer of lost) this.onPeerLost(peer);
  }

  /** Takes from the queue what each of these members is to be asked. */
  private distribute(free: readonly Peer[]): Map<Peer, PendingRead[]> {
    const { queue } = this;
    const share = Math.max(
      this.core.settings.companionReads,
      Math.ceil(queue.length / free.length),
    );
    this.turn += 1;
    let given = 0;
    const shares = new Map<Peer, PendingRead[]>();
    this.queue = queue.filter((read) => {
      const bound = this.sessions.peerOf(read.client);
      const peer = bound ?? free[(this.turn + Math.floor(given / share)) % free.length];
      if (peer === undefined || !free.includes(peer)) return true;
      if (bound === undefined) given += 1;
      this.sessions.asked(read, peer);
      const reads = shares.get(peer);
      if (reads === undefined) shares.set(peer, [read]);
      else reads.push(read);
      return false;
    });
    return shares;
  }

  /** In as few questions as their answers allow. Returns what is too much, to wait again. */
  private ask(peer: Peer, reads: readonly PendingRead[]): PendingRead[] {
    const most = PIECE_BYTES / Math.max(1, this.expectedBytes);
    let left: PendingRead[] = [];
    let shared: PendingRead[] = [];
    let keys = 0;
    const flush = (): void => {
      if (this.questions.isFull(peer)) left = left.concat(shared);
      else if (shared.length > 0) this.question(peer, shared);
      shared = [];
      keys = 0;
    };
    for (const read of reads) {
      const { length } = read.command.keys;
      const isAlone = read.isAlone || read.command.op !== 'get' || length > MAX_SHARING_KEYS;
      if (isAlone || shared.length + 1 > most || keys + length > MAX_SHARED_KEYS) flush();
      shared.push(read);
      keys += length;
      if (isAlone) flush();
    }
    flush();
    for (const read of left) this.sessions.withdraw(read);
    return left;
  }

  private question(peer: Peer, reads: readonly PendingRead[]): void {
    const { id } = this.questions.begin(peer, reads);
    const view = this.membership.installed?.number ?? 0;
    const [first] = reads;
    assert(first !== undefined, 'a question is about something');
    const isShared = reads.length > 1;
    const op = isShared ? 'gets' : first.command.op;
    const keys = isShared ? keysOf(reads) : first.command.keys;
    this.peers.send(peer, { type: 'read', id, view, op, keys });
  }

  private readableMembers(): Peer[] {
    return this.membership.memberPeers().filter((peer) => this.isReadable(peer));
  }

  private isReadable(peer: Peer): boolean {
    if (!peer.isReady || peer.unsound !== '' || this.peers.isSuspected(peer)) return false;
    // Others may take over from the installed view alone: without one of its members they would
    // write what is not seen here.
    return this.membership.mayFollow([peer]);
  }

  private failIfHopeless(): void {
    if (!this.peers.all.every((peer) => this.isHopeless(peer))) return;
    this.failLate(this.queue.splice(0), this.unreadable());
  }

  private failLate(reads: readonly PendingRead[], text: string): void {
    for (const { client } of reads) this.core.reply(client, tryAgain(text));
  }

  private isHopeless(peer: Peer): boolean {
    return this.peers.isSuspected(peer) || !this.membership.has(peer);
  }

  private unreadable(): string {
    const silent = this.membership.latest?.members.map((member) => member.address) ?? [];
    const awaited = silent.join(' or ') || 'the first participant';
    return `no participant can be read: waiting for ${awaited}`;
  }

  private takeShared(question: Question, { lengths, data }: Value): void {
    const total = totalOf(lengths);
    const come = data.reduce((sum, { length }) => sum + length, 0);
    if (come === 0 && total > 0) {
      // Each is asked for again by itself, so that no small value waits for a huge one.
      for (const read of question.reads) read.isAlone = true;
      this.askAgain(this.takeBackFrom(question));
      return;
    }
    if (come !== total) {
      this.peers.restart(question.peer, `it cut ${total} bytes that nobody takes in slices`);
      return;
    }
    const values = new Assembly(lengths, data).whole;
    assert(values !== null, 'all bytes have come');
    this.questions.finish(question);
    let at = 0;
    for (const read of question.reads) {
      const end = at + read.command.keys.length;
      if (read.reply === null) {
        this.sessions.answered(read, { type: 'values', values: values.slice(at, end) });
      }
      at = end;
    }
  }

  private takeFirstSlice(question: Question, read: PendingRead, { lengths, data }: Value): void {
    const total = totalOf(lengths);
    if (total > MAX_ANSWER_BYTES) {
      this.questions.finish(question);
      const text = `the answer has ${total} bytes; the limit is ${MAX_ANSWER_BYTES}`;
      this.sessions.answered(read, { type: 'error', code: 'ERR', text });
      return;
    }
    question.assembly = new Assembly(lengths, data);
    this.continueWith(question, question.assembly);
  }

  private continueWith(question: Question, assembly: Assembly): void {
    const { id, peer } = question;
    const values = assembly.whole;
    if (values === null) {
      for (const offset of assembly.nextOffsets())
        this.peers.send(peer, { type: 'more', id, offset });
      return;
    }
    this.questions.finish(question);
    for (const read of question.reads) this.sessions.answered(read, { type: 'values', values });
  }

  private noteBytes(bytes: number): void {
    this.expectedBytes = Math.max(bytes, this.expectedBytes * MEMORY_OF_LARGE_VALUES);
  }

  /**
   * What its member was asked from this question on: also what it may have answered already, since
   * a session's later read must not tell of an earlier state than the one before.
   */
  private takeBackFrom({ peer, id }: Question): PendingRead[] {
    const asked = this.questions.all.filter((one) => one.peer === peer && one.id >= id);
    for (const question of asked) this.questions.finish(question);
    const open = asked.flatMap(openReads);
    for (const read of open) this.sessions.withdraw(read);
    return open;
  }

  private askAgain(open: readonly PendingRead[]): void {
    this.queue = [...open, ...this.queue];
    this.core.counters.rereads += open.length;
  }
}

function keysOf(reads: readonly PendingRead[]): Key[] {
  const keys: Key[] = [];
  for (const { command } of reads) for (const key of command.keys) keys.push(key);
  return keys;
}

function openReads({ reads }: Question): PendingRead[] {
  return reads.filter(({ reply }) => reply === null);
}

function tryAgain(text: string): StoreReply {
  return { type: 'error', code: 'TRYAGAIN', text };
}
