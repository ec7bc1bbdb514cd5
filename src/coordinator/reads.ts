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
import type { ReadCommand, StoreReply } from '../base/store-request.js';
import type { Part, Unreadable, Value } from '../rpc/messages.js';
import { Assembly, isPlausible, totalOf } from './assembly.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer, Peers } from './peers.js';
import type { ClientRef } from './ready.js';

/** A command with more keys is asked for alone. */
const MAX_SHARING_KEYS = 16;
const MAX_SHARED_KEYS = 1024;

/** How quickly a large value is forgotten when small ones follow. */
const MEMORY_OF_LARGE_VALUES = 0.9;

interface PendingRead {
  readonly client: ClientRef;
  readonly command: ReadCommand;
  deadline: Millis;
  /** What it shared a question with did not fit into one answer. */
  isAlone: boolean;
  isAnswered: boolean;
}

/** What one member is asked at once: one read, or several of few keys each. */
interface Question {
  readonly id: number;
  readonly peer: Peer;
  readonly reads: readonly PendingRead[];
  /** The member has not begun to answer. */
  isOwed: boolean;
  assembly: Assembly | null;
}

export class Reads {
  private readonly byId = new Map<number, Question>();
  /** Not sent yet, in the order of their sessions. */
  private queue: PendingRead[] = [];
  /** How many answers each member has not begun. */
  private readonly owed = new Map<Peer, number>();
  /** Where a session's reads are that are under way, and how many they are. */
  private readonly sessionPeers = new Map<number, { peer: Peer; count: number }>();
  /** How many there were when more were last waited for. */
  private gathered = 0;
  private ids = 0;
  private turn = 0;
  /** No read is due before this. */
  private timeoutAt: Millis = Infinity;
  /** What a read is taken to bring. */
  private expectedBytes = 0;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
  ) {}

  onRead(client: ClientRef, command: ReadCommand, arrivedAt: Millis): void {
    const { core } = this;
    core.counters.reads += 1;
    const deadline = arrivedAt + core.settings.requestTimeoutMs;
    this.timeoutAt = Math.min(this.timeoutAt, deadline);
    this.queue.push({ client, command, deadline, isAlone: false, isAnswered: false });
  }

  /** Sends what waits, as far as members may be asked. Called when all inputs of a turn are in. */
  dispatch(): void {
    if (this.queue.length === 0) return;
    this.takeBackUnreadable();
    const readable = this.readableMembers();
    if (readable.length === 0) {
      this.failIfHopeless();
      return;
    }
    const isMuch = this.queue.length >= this.core.settings.companionCommands;
    const free = isMuch ? readable : readable.filter((peer) => !this.owed.has(peer));
    if (free.length === 0) return;
    if (!isMuch && this.owed.size > 0 && this.queue.length > this.gathered) {
      this.gathered = this.queue.length;
      this.core.again();
      return;
    }
    this.gathered = 0;
    for (const [peer, reads] of this.distribute(free)) this.ask(peer, reads);
  }

  onValue(peer: Peer, message: Value): void {
    const question = this.byId.get(message.id);
    if (question?.peer !== peer) return;
    this.settle(question);
    const { reads } = question;
    const [first] = reads;
    assert(first !== undefined, 'a question is about something');
    if (first.command.op !== 'get') {
      this.finish(question);
      this.answer(first, { type: 'count', count: message.count });
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
    const question = this.byId.get(message.id);
    const assembly = question?.assembly;
    if (question?.peer !== peer || !assembly) return;
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
    const question = this.byId.get(message.id);
    if (question?.peer !== peer) return;
    this.core.trace.event('warn', `a participant did not serve a read: ${message.reason}`, {
      participant: peer.address,
    });
    peer.isReady = false;
    this.peers.restart(peer, `did not serve a read: ${message.reason}`);
  }

  /** The member is lost, suspected or removed: ask another, in the order of asking. */
  onPeerLost(peer: Peer): void {
    this.askAgain(peer, 0);
  }

  onTick(): void {
    const { now } = this.core;
    if (now < this.timeoutAt) return;
    const isLate = (read: PendingRead): boolean => now >= read.deadline;
    for (const question of [...this.byId.values()]) {
      const late = question.reads.filter((read) => !read.isAnswered && isLate(read));
      for (const read of late) {
        read.isAnswered = true;
        this.leave(read);
      }
      this.failLate(late, 'no participant answered this read in time');
      if (question.reads.every((read) => read.isAnswered)) this.finish(question);
    }
    const late = this.queue.filter(isLate);
    this.queue = this.queue.filter((read) => !isLate(read));
    this.failLate(late, `no participant can be read: ${this.why()}`);
    this.timeoutAt = Infinity;
    for (const { deadline } of this.all()) this.timeoutAt = Math.min(this.timeoutAt, deadline);
  }

  nextTimeoutAt(): Millis {
    return this.timeoutAt;
  }

  failAll(code: string, text: string): void {
    const all = this.all();
    this.queue = [];
    for (const question of [...this.byId.values()]) this.takeBack(question);
    for (const { client } of all) this.core.fail(client, code, text);
  }

  private all(): PendingRead[] {
    const asked = [...this.byId.values()].flatMap((question) => question.reads);
    return [...asked.filter((read) => !read.isAnswered), ...this.queue];
  }

  /** The reads of a session are at one member: where that is lost, they go first, and together. */
  private takeBackUnreadable(): void {
    for (const { client } of [...this.queue]) {
      const peer = this.sessionPeers.get(client.session)?.peer;
      if (peer !== undefined && !this.isReadable(peer)) this.onPeerLost(peer);
    }
  }

  /** Takes from the queue what each of these members is to be asked. */
  private distribute(free: readonly Peer[]): Map<Peer, PendingRead[]> {
    const { queue } = this;
    const share = Math.max(
      this.core.settings.companionCommands,
      Math.ceil(queue.length / free.length),
    );
    this.turn += 1;
    let given = 0;
    const shares = new Map<Peer, PendingRead[]>();
    this.queue = queue.filter((read) => {
      const { session } = read.client;
      const bound = this.sessionPeers.get(session);
      const peer = bound?.peer ?? free[(this.turn + Math.floor(given / share)) % free.length];
      if (peer === undefined || !free.includes(peer)) return true;
      if (bound === undefined) {
        given += 1;
        this.sessionPeers.set(session, { peer, count: 1 });
      } else {
        bound.count += 1;
      }
      const reads = shares.get(peer);
      if (reads === undefined) shares.set(peer, [read]);
      else reads.push(read);
      return false;
    });
    return shares;
  }

  /** As few questions as their answers allow. */
  private ask(peer: Peer, reads: readonly PendingRead[]): void {
    const most = PIECE_BYTES / Math.max(1, this.expectedBytes);
    let shared: PendingRead[] = [];
    let keys = 0;
    const flush = (): void => {
      if (shared.length > 0) this.question(peer, shared);
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
  }

  private question(peer: Peer, reads: readonly PendingRead[]): void {
    this.ids += 1;
    const id = this.ids;
    this.byId.set(id, { id, peer, reads, isOwed: true, assembly: null });
    this.owed.set(peer, (this.owed.get(peer) ?? 0) + 1);
    const view = this.membership.installed?.number ?? 0;
    const [first] = reads;
    assert(first !== undefined, 'a question is about something');
    const isShared = reads.length > 1;
    const op = isShared ? 'gets' : first.command.op;
    const keys = isShared ? reads.flatMap(({ command }) => command.keys) : first.command.keys;
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
    this.failLate(this.queue, `no participant can be read: ${this.why()}`);
    this.queue = [];
  }

  private failLate(reads: readonly PendingRead[], text: string): void {
    for (const { client } of reads) this.core.fail(client, 'TRYAGAIN', text);
  }

  private isHopeless(peer: Peer): boolean {
    return this.peers.isSuspected(peer) || !this.membership.has(peer);
  }

  private why(): string {
    const silent = this.membership.latest?.members.map((member) => member.address) ?? [];
    return `waiting for ${silent.join(' or ') || 'the first participant'}`;
  }

  private takeShared(question: Question, { lengths, data }: Value): void {
    const total = totalOf(lengths);
    const come = data.reduce((sum, { length }) => sum + length, 0);
    if (come === 0 && total > 0) {
      // Each is asked for again by itself, so that no small value waits for a huge one.
      for (const read of question.reads) read.isAlone = true;
      this.askAgain(question.peer, question.id);
      return;
    }
    if (come !== total) {
      this.peers.restart(question.peer, `it cut ${total} bytes that nobody takes in slices`);
      return;
    }
    const values = new Assembly(lengths, data).whole;
    assert(values !== null, 'all bytes have come');
    this.finish(question);
    let at = 0;
    for (const read of question.reads) {
      const end = at + read.command.keys.length;
      if (!read.isAnswered) this.answer(read, { type: 'values', values: values.slice(at, end) });
      at = end;
    }
  }

  private takeFirstSlice(question: Question, read: PendingRead, { lengths, data }: Value): void {
    const total = totalOf(lengths);
    if (total > MAX_ANSWER_BYTES) {
      this.finish(question);
      const text = `the answer has ${total} bytes; the limit is ${MAX_ANSWER_BYTES}`;
      this.answer(read, { type: 'error', code: 'ERR', text });
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
    this.finish(question);
    for (const read of question.reads) this.answer(read, { type: 'values', values });
  }

  private noteBytes(bytes: number): void {
    this.expectedBytes = Math.max(bytes, this.expectedBytes * MEMORY_OF_LARGE_VALUES);
  }

  private answer(read: PendingRead, reply: StoreReply): void {
    read.isAnswered = true;
    this.leave(read);
    this.core.reply(read.client, reply);
  }

  /**
   * What a member was asked from this question on: also what it may have answered already, since a
   * session's later read must not tell of an earlier state than the one before.
   */
  private askAgain(peer: Peer, firstId: number): void {
    const open: PendingRead[] = [];
    for (const question of [...this.byId.values()]) {
      if (question.peer === peer && question.id >= firstId) open.push(...this.takeBack(question));
    }
    this.queue = [...open, ...this.queue];
    this.core.counters.rereads += open.length;
  }

  /** The question is over; those of its reads that have no answer are returned. */
  private takeBack(question: Question): PendingRead[] {
    this.finish(question);
    const open = question.reads.filter((read) => !read.isAnswered);
    for (const read of open) this.leave(read);
    return open;
  }

  private leave(read: PendingRead): void {
    const entry = this.sessionPeers.get(read.client.session);
    assert(entry !== undefined, 'the reads of a session are at one member');
    entry.count -= 1;
    if (entry.count <= 0) this.sessionPeers.delete(read.client.session);
  }

  private finish(question: Question): void {
    this.settle(question);
    this.byId.delete(question.id);
  }

  /** Its member has begun to answer, or never will. */
  private settle(question: Question): void {
    if (!question.isOwed) return;
    question.isOwed = false;
    const left = (this.owed.get(question.peer) ?? 0) - 1;
    if (left > 0) this.owed.set(question.peer, left);
    else this.owed.delete(question.peer);
  }
}
