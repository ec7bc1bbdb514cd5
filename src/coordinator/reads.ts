/**
 * Reads: each goes to one ready member of the view, spread over them, and is answered by it.
 *
 * Linearizable because every decided COMMIT is queued on every ready member's connection before the
 * reply to that write leaves, and a read sent later is queued behind it. Knows nothing of
 * transactions.
 * Invariants: the reads of one session that are under way are all at one member; when it is lost,
 * or may not be read any more, they go to another, in order, before the session's next one. Every
 * read is answered, at the latest at its deadline, which progress puts off for large answers only.
 */
import { assert } from '../base/assert.js';
import type { Millis } from '../base/ids.js';
import {
  MAX_ANSWER_BYTES,
  MAX_STORED_VALUE_BYTES,
  PIECE_BYTES,
  PROMPT_BYTES,
  READ_WINDOW_PIECES,
} from '../base/limits.js';
import type { ReadCommand } from '../base/store-request.js';
import type { Part, Unreadable, Value } from '../rpc/messages.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer, Peers } from './peers.js';
import type { ClientRef } from './ready.js';

interface PendingRead {
  /** Of the latest attempt; a reply to an older one is ignored. */
  id: number;
  readonly client: ClientRef;
  readonly command: ReadCommand;
  peer: Peer | null;
  deadline: Millis;
  assembly: Assembly | null;
}

/** A large answer that is being pulled in slices. */
interface Assembly {
  readonly lengths: readonly number[];
  readonly values: (Buffer | null)[];
  readonly total: number;
  have: number;
  requested: number;
}

export class Reads {
  private readonly byId = new Map<number, PendingRead>();
  private readonly waiting: PendingRead[] = [];
  /** Where a session's reads are that are under way, and how many they are. */
  private readonly sessionPeers = new Map<number, { peer: Peer; count: number }>();
  private ids = 0;
  private turn = 0;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
  ) {}

  onRead(client: ClientRef, command: ReadCommand, arrivedAt: Millis): void {
    const { core } = this;
    core.counters.reads += 1;
    const deadline = arrivedAt + core.settings.requestTimeoutMs;
    const read: PendingRead = { id: 0, client, command, peer: null, deadline, assembly: null };
    if (this.waiting.length > 0 || !this.send(read)) this.waitOrFail(read);
  }

  /** Something changed: reads that had nobody to ask may have somebody now. */
  advance(): void {
    if (this.waiting.length === 0) return;
    for (const read of this.waiting.splice(0)) if (!this.send(read)) this.waitOrFail(read);
  }

  onValue(peer: Peer, message: Value): void {
    const read = this.byId.get(message.id);
    if (read?.peer !== peer) return;
    if (read.command.op !== 'get') {
      this.finish(read);
      this.core.reply(read.client, { type: 'count', count: message.count });
      return;
    }
    if (!isPlausible(message, read.command)) {
      this.peers.restart(peer, 'its answer to a read cannot be true');
      return;
    }
    const total = message.lengths.reduce((sum, length) => sum + Math.max(0, length), 0);
    if (total > MAX_ANSWER_BYTES) {
      this.finish(read);
      const text = `the answer has ${total} bytes; the limit is ${MAX_ANSWER_BYTES}`;
      this.core.fail(read.client, 'ERR', text);
      return;
    }
    const assembly: Assembly = {
      lengths: message.lengths,
      values: [],
      total,
      have: 0,
      requested: 0,
    };
    read.assembly = assembly;
    if (!this.takeWhole(assembly, message.data)) {
      assembly.values.push(...message.lengths.map(allocate));
      for (const bytes of message.data) this.place(assembly, bytes);
      assembly.requested = assembly.have;
    }
    this.continueRead(read, assembly);
  }

  onPart(peer: Peer, message: Part): void {
    const read = this.byId.get(message.id);
    if (read?.peer !== peer || read.assembly === null) return;
    if (message.offset !== read.assembly.have) {
      this.peers.restart(peer, 'slices of a value are out of order');
      return;
    }
    this.place(read.assembly, message.bytes);
    if (read.assembly.total > PROMPT_BYTES) {
      read.deadline = this.core.now + this.core.settings.requestTimeoutMs;
    }
    this.continueRead(read, read.assembly);
  }

  onUnreadable(peer: Peer, message: Unreadable): void {
    const read = this.byId.get(message.id);
    if (read?.peer !== peer) return;
    this.core.trace.event('warn', `a participant did not serve a read: ${message.reason}`, {
      participant: peer.address,
    });
    peer.isReady = false;
    this.peers.restart(peer, `did not serve a read: ${message.reason}`);
  }

  /** The member is lost, suspected or removed: ask another, in the order of asking. */
  onPeerLost(peer: Peer): void {
    const lost = [...this.byId.values()].filter((read) => read.peer === peer);
    for (const read of lost) this.release(read);
    for (const read of lost) {
      this.core.counters.rereads += 1;
      read.assembly = null;
      if (!this.send(read)) this.waitOrFail(read);
    }
  }

  onTick(): void {
    const { now } = this.core;
    for (const read of [...this.byId.values()]) {
      if (now < read.deadline) continue;
      this.finish(read);
      this.core.fail(read.client, 'TRYAGAIN', 'no participant answered this read in time');
    }
    for (const read of this.waiting.splice(0)) {
      if (now < read.deadline) this.waiting.push(read);
      else this.core.fail(read.client, 'TRYAGAIN', `no participant can be read: ${this.why()}`);
    }
  }

  nextTimeoutAt(): Millis {
    let at = Infinity;
    for (const read of this.byId.values()) at = Math.min(at, read.deadline);
    for (const read of this.waiting) at = Math.min(at, read.deadline);
    return at;
  }

  failAll(code: string, text: string): void {
    for (const read of [...this.byId.values()]) {
      this.finish(read);
      this.core.fail(read.client, code, text);
    }
    for (const read of this.waiting.splice(0)) this.core.fail(read.client, code, text);
  }

  private send(read: PendingRead): boolean {
    const { session } = read.client;
    const before = this.sessionPeers.get(session)?.peer;
    if (before !== undefined && !this.isReadable(before)) this.onPeerLost(before);
    const peer = this.choose(session);
    if (peer === null) return false;
    this.ids += 1;
    read.id = this.ids;
    read.peer = peer;
    this.byId.set(read.id, read);
    const { op, keys } = read.command;
    const view = this.membership.installed?.number ?? 0;
    this.peers.send(peer, { type: 'read', id: read.id, view, op, keys });
    return true;
  }

  private choose(session: number): Peer | null {
    const current = this.sessionPeers.get(session);
    if (current !== undefined) {
      current.count += 1;
      return current.peer;
    }
    const readable = this.membership.memberPeers().filter((peer) => this.isReadable(peer));
    this.turn += 1;
    const peer = readable[this.turn % Math.max(1, readable.length)] ?? null;
    if (peer !== null) this.sessionPeers.set(session, { peer, count: 1 });
    return peer;
  }

  private isReadable(peer: Peer): boolean {
    if (!peer.isReady || peer.unsound !== '' || this.peers.isSuspected(peer)) return false;
    // Others may take over from the installed view alone: without one of its members they would
    // write what is not seen here.
    return this.membership.mayFollow([peer]);
  }

  private waitOrFail(read: PendingRead): void {
    read.peer = null;
    if (this.core.phase === 'serving' && this.peers.all.every((peer) => this.isHopeless(peer))) {
      this.core.fail(read.client, 'TRYAGAIN', `no participant can be read: ${this.why()}`);
      return;
    }
    this.waiting.push(read);
  }

  private isHopeless(peer: Peer): boolean {
    return this.peers.isSuspected(peer) || !this.membership.has(peer);
  }

  private why(): string {
    const silent = this.membership.latest?.members.map((member) => member.address) ?? [];
    return `waiting for ${silent.join(' or ') || 'the first participant'}`;
  }

  /** The common case: all of it came at once, value by value. */
  private takeWhole(assembly: Assembly, data: readonly Buffer[]): boolean {
    const bytes = data.reduce((sum, part) => sum + part.length, 0);
    if (bytes !== assembly.total) return false;
    let next = 0;
    for (const length of assembly.lengths) {
      if (length < 0) {
        assembly.values.push(null);
        continue;
      }
      const part = data[next];
      if (part?.length !== length) {
        assembly.values.length = 0;
        return false;
      }
      assembly.values.push(part);
      next += 1;
    }
    assembly.have = assembly.total;
    return true;
  }

  private place(assembly: Assembly, bytes: Buffer): void {
    let at = assembly.have;
    let rest = bytes;
    for (const value of assembly.values) {
      if (rest.length === 0) break;
      if (value === null) continue;
      if (at >= value.length) {
        at -= value.length;
        continue;
      }
      const copied = rest.copy(value, at);
      rest = rest.subarray(copied);
      at = 0;
    }
    assembly.have += bytes.length - rest.length;
  }

  private continueRead(read: PendingRead, assembly: Assembly): void {
    if (assembly.have >= assembly.total) {
      this.finish(read);
      this.core.reply(read.client, { type: 'values', values: assembly.values });
      return;
    }
    const window = READ_WINDOW_PIECES * PIECE_BYTES;
    while (assembly.requested < assembly.total && assembly.requested - assembly.have < window) {
      if (read.peer === null) return;
      this.peers.send(read.peer, { type: 'more', id: read.id, offset: assembly.requested });
      assembly.requested += Math.min(PIECE_BYTES, assembly.total - assembly.requested);
    }
  }

  private finish(read: PendingRead): void {
    this.release(read);
    read.peer = null;
  }

  private release(read: PendingRead): void {
    this.byId.delete(read.id);
    const entry = this.sessionPeers.get(read.client.session);
    assert(entry?.peer === read.peer, 'the reads of a session are at one member');
    entry.count -= 1;
    if (entry.count <= 0) this.sessionPeers.delete(read.client.session);
  }
}

/** A length for each key, and none that no value can have. */
function isPlausible({ lengths }: Value, { keys }: ReadCommand): boolean {
  return (
    lengths.length === keys.length && lengths.every((length) => length <= MAX_STORED_VALUE_BYTES)
  );
}

function allocate(length: number): Buffer | null {
  return length < 0 ? null : Buffer.allocUnsafeSlow(length);
}
