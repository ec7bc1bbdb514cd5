/**
 * Carries payloads that no single frame should hold to every member, in pieces, ahead of PREPARE.
 *
 * Everything else goes on between the pieces: a large value delays nobody for longer than one piece
 * takes. Each member acknowledges what it has synced, which is also the flow control. Later writes
 * of the same session wait behind its upload, so that its commands keep their order. Nothing staged
 * is a promise; what was answered with an error here certainly did not happen.
 * Invariant: a payload is handed on only when every member of the latest view has said that it has
 * synced all of it. One that has lost it since (it was away, and is a member again) says NO.
 */
import { crc32 } from '../base/hash.js';
import type { Millis } from '../base/ids.js';
import { PIECE_BYTES, PIECE_WINDOW_BYTES, PROMPT_BYTES } from '../base/limits.js';
import type { Pieced } from '../rpc/messages.js';
import { encodeCommandsParts } from '../storage/commands.js';
import { unanimousNo } from './aborts.js';
import { type Batcher, needsStaging } from './batcher.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { PendingWrite } from './transaction.js';
import type { Transactions } from './transactions.js';

/** Uploads under way at once; the next ones wait. */
const MAX_UPLOADS = 2;

/** For a commit by the members that are left; with the time before still within the promise. */
const OVERTIME_MS: Millis = 200;

/** Names that a member is told to forget again; of older ones it has heard on some connection. */
export const MAX_GIVEN_UP = 1024;

interface Progress {
  sent: number;
  have: number;
  refusal: string;
}

interface Upload {
  readonly name: string;
  readonly write: PendingWrite;
  readonly pieces: readonly Buffer[];
  readonly total: number;
  readonly crc: number;
  readonly progress: Map<Peer, Progress>;
  readonly sentTo: Set<Peer>;
  /** Its time was up; the members that hold all of it may still finish it. */
  isOvertime: boolean;
}

export class Staging {
  private uploads: Upload[] = [];
  private readonly waiting: PendingWrite[] = [];
  /** Sessions with an upload that is not yet a transaction, and what they sent behind it. */
  private readonly heldBySession = new Map<number, PendingWrite[]>();
  /** What each member was sent and shall forget. */
  private readonly givenUp = new Map<Peer, readonly string[]>();
  private names = 0;

  constructor(
    private readonly core: CoordinatorCore,
    private readonly peers: Peers,
    private readonly membership: Membership,
    private readonly batcher: Batcher,
    private readonly transactions: Transactions,
  ) {
    transactions.forgetStage = (stage) => {
      this.forget(stage, membership.memberPeers());
    };
  }

  get bytes(): number {
    const queued = this.waiting.reduce((sum, write) => sum + write.bytes, 0);
    return this.uploads.reduce((sum, upload) => sum + upload.total, queued);
  }

  /** True if the write must wait behind an upload of its own session; then it is kept here. */
  holds(write: PendingWrite): boolean {
    const session = write.client?.session;
    const held = session === undefined ? undefined : this.heldBySession.get(session);
    held?.push(write);
    return held !== undefined;
  }

  add(write: PendingWrite): void {
    if (write.client !== null) this.heldBySession.set(write.client.session, []);
    this.waiting.push(write);
    this.startNext();
  }

  onPieced(peer: Peer, message: Pieced): void {
    const upload = this.uploads.find((candidate) => candidate.name === message.stage);
    const progress = upload?.progress.get(peer);
    if (upload === undefined || progress === undefined) return;
    // What was on its way is answered as well, as if nothing had been there before.
    if (progress.refusal !== '') return;
    progress.refusal = message.refusal;
    if (message.have < progress.have || message.have > progress.sent) progress.sent = message.have;
    // What it refused it holds no more, also where that was the last piece.
    progress.have = message.refusal === '' ? message.have : 0;
    if (message.refusal !== '') peer.trouble = `refused a large value: ${message.refusal}`;
    this.prolong(upload.write);
    this.pump(upload, peer);
    this.finishIfWhole(upload);
  }

  /** The connection is new: what the member has is learnt from its answer to the first piece. */
  onPeerReady(peer: Peer): void {
    for (const stage of this.givenUp.get(peer) ?? [])
      this.peers.send(peer, { type: 'unstage', stage });
    for (const upload of this.uploads) {
      upload.progress.delete(peer);
      this.pump(upload, peer);
    }
  }

  /** The view changed: fewer members may have to agree, or a new one must be given everything. */
  advance(): void {
    for (const upload of [...this.uploads]) {
      for (const peer of this.membership.memberPeers()) {
        if (peer.isReady && !upload.progress.has(peer)) this.pump(upload, peer);
      }
      this.finishIfWhole(upload);
    }
  }

  onTick(): void {
    const { now } = this.core;
    for (const upload of [...this.uploads]) {
      if (now < upload.write.deadline) continue;
      if (!upload.isOvertime && this.shrinkAround(upload)) {
        upload.isOvertime = !isLarge(upload.write);
        upload.write.deadline = now + OVERTIME_MS;
        this.prolong(upload.write);
        continue;
      }
      this.fail(upload, 'TRYAGAIN', 'not executed: the value could not be sent in time');
    }
    for (const write of [...this.waiting]) {
      if (now < write.deadline) continue;
      this.waiting.splice(this.waiting.indexOf(write), 1);
      this.answer(write, 'TRYAGAIN', 'not executed: other large values were in the way');
    }
    this.expireHeld(now);
  }

  nextTimeoutAt(): Millis {
    const writes = [...this.uploads.map((upload) => upload.write), ...this.waiting];
    for (const held of this.heldBySession.values()) writes.push(...held);
    return writes.reduce((at, write) => Math.min(at, write.deadline), Infinity);
  }

  failAll(code: string, text: string): void {
    // What is held goes first, and what waits second: neither may begin in the place of an upload.
    for (const held of this.heldBySession.values()) {
      for (const write of held.splice(0)) this.answer(write, code, text);
    }
    for (const write of this.waiting.splice(0)) this.answer(write, code, text);
    for (const upload of [...this.uploads]) this.fail(upload, code, text);
  }

  /** What is large gets its time anew when it has come further. */
  private prolong(write: PendingWrite): void {
    if (isLarge(write)) write.deadline = this.core.now + this.core.settings.requestTimeoutMs;
  }

  private startNext(): void {
    while (this.uploads.length < MAX_UPLOADS) {
      const write = this.waiting.shift();
      if (write === undefined) return;
      this.names += 1;
      const pieces = [...cut(encodeCommandsParts([write.command]))];
      const upload: Upload = {
        name: `${this.core.epoch.number}.${this.names}`,
        write,
        pieces,
        total: pieces.reduce((sum, piece) => sum + piece.length, 0),
        crc: pieces.reduce((sum, piece) => crc32(piece, sum), 0),
        progress: new Map(),
        sentTo: new Set(),
        isOvertime: false,
      };
      this.prolong(write);
      this.uploads.push(upload);
      for (const peer of this.membership.memberPeers()) if (peer.isReady) this.pump(upload, peer);
    }
  }

  private pump(upload: Upload, peer: Peer): void {
    if (!peer.isReady || !this.membership.has(peer)) return;
    upload.sentTo.add(peer);
    const progress = upload.progress.get(peer) ?? { sent: 0, have: 0, refusal: '' };
    upload.progress.set(peer, progress);
    if (progress.refusal !== '') return;
    while (progress.sent < upload.total && progress.sent - progress.have < PIECE_WINDOW_BYTES) {
      const piece = upload.pieces[Math.floor(progress.sent / PIECE_BYTES)];
      if (piece === undefined) return;
      const { name: stage, total } = upload;
      this.peers.send(peer, { type: 'piece', stage, offset: progress.sent, total, bytes: piece });
      progress.sent += piece.length;
    }
  }

  private finishIfWhole(upload: Upload): void {
    // What is handed on while a newcomer is let in would be unknown to it.
    if (this.transactions.isHeld || !this.uploads.includes(upload)) return;
    const members = this.membership.latest?.members ?? [];
    const states = members.map(({ storeId }) => {
      const peer = this.peers.byStore(storeId);
      return peer === undefined ? undefined : upload.progress.get(peer);
    });
    if (states.length > 0 && states.every((state) => state?.refusal)) {
      this.refuse(
        upload,
        states.map((state) => state?.refusal ?? ''),
      );
      return;
    }
    if (states.some((state) => state === undefined)) return;
    if (states.some((state) => state?.have !== upload.total && state?.refusal === '')) return;
    if (states.some((state) => state?.refusal)) {
      this.shrinkAround(upload);
      return;
    }
    this.finish(upload);
  }

  private refuse(upload: Upload, reasons: readonly string[]): void {
    const { fullDisk, now, counters } = this.core;
    const { code, text } = unanimousNo(reasons);
    if (code === 'MISCONF') fullDisk.refused(now, counters.commits, upload.write.bytes);
    this.fail(upload, code, text);
  }

  /** Members that refused or fell silent leave, if others hold all of it. */
  private shrinkAround(upload: Upload): boolean {
    const { membership, peers } = this;
    const members = membership.memberPeers();
    const isLost = (peer: Peer): boolean => peers.isSuspected(peer) || peer.unsound !== '';
    const whole = members.filter(
      (peer) => peer.isReady && !isLost(peer) && upload.progress.get(peer)?.have === upload.total,
    );
    const rest = (membership.latest?.members ?? []).filter(
      ({ storeId }) => !whole.some((peer) => peer.storeId === storeId),
    );
    const mayStillCome = rest.some(({ storeId }) => {
      const peer = peers.byStore(storeId);
      if (peer === undefined || isLost(peer)) return false;
      return (upload.progress.get(peer)?.refusal ?? '') === '';
    });
    if (whole.length === 0 || rest.length === 0 || mayStillCome) return false;
    if (!membership.isSettledEnough || !membership.mayFollow(whole)) return false;
    membership.propose(whole, 'members are silent or refused a large value');
    return true;
  }

  private finish(upload: Upload): void {
    const { name: stage, total: length, crc, write } = upload;
    const session = write.client?.session;
    this.uploads = this.uploads.filter((candidate) => candidate !== upload);
    this.prolong(write);
    this.transactions.addStaged(write, { parts: [], stage, length, crc }, () => {
      if (session !== undefined) this.releaseHeld(session);
    });
    this.startNext();
  }

  /**
   * A member keeps what it was sent until it is told, also over a lost connection; and nobody knows
   * what was lost with one. So it is told again on each: names are never used again.
   */
  private forget(stage: string, holders: Iterable<Peer>): void {
    for (const peer of holders) {
      const names = [...(this.givenUp.get(peer) ?? []), stage];
      this.givenUp.set(peer, names.slice(-MAX_GIVEN_UP));
      if (peer.isReady) this.peers.send(peer, { type: 'unstage', stage });
    }
  }

  private fail(upload: Upload, code: string, text: string): void {
    this.uploads = this.uploads.filter((candidate) => candidate !== upload);
    this.forget(upload.name, upload.sentTo);
    this.answer(upload.write, code, text);
    this.startNext();
  }

  private answer(write: PendingWrite, code: string, text: string): void {
    const { client } = write;
    if (client === null) return;
    this.core.fail(client, code, text);
    write.client = null;
    this.releaseHeld(client.session);
  }

  private releaseHeld(session: number): void {
    const held = this.heldBySession.get(session);
    this.heldBySession.delete(session);
    if (held === undefined) return;
    for (const [index, write] of held.entries()) {
      if (write.client === null) continue;
      if (needsStaging(write)) {
        this.add(write);
        this.heldBySession.set(session, held.slice(index + 1));
        return;
      }
      this.batcher.add(write);
    }
  }

  private expireHeld(now: Millis): void {
    for (const [session, held] of this.heldBySession) {
      const late = held.filter((write) => now >= write.deadline);
      if (late.length === 0) continue;
      this.heldBySession.set(
        session,
        held.filter((write) => now < write.deadline),
      );
      for (const write of late) {
        if (write.client !== null) {
          this.core.fail(write.client, 'TRYAGAIN', 'not executed: a large value was in the way');
        }
        write.client = null;
      }
    }
  }
}

function isLarge(write: PendingWrite): boolean {
  return write.bytes > PROMPT_BYTES;
}

/** The parts laid end to end and cut in pieces of exactly `PIECE_BYTES`, but for the last. */
function* cut(parts: readonly Buffer[]): Generator<Buffer> {
  let open: Buffer[] = [];
  let room = PIECE_BYTES;
  for (const part of parts) {
    let rest = part;
    while (rest.length > 0) {
      const taken = rest.subarray(0, room);
      open.push(taken);
      room -= taken.length;
      rest = rest.subarray(taken.length);
      if (room > 0) continue;
      yield joined(open);
      open = [];
      room = PIECE_BYTES;
    }
  }
  if (open.length > 0) yield joined(open);
}

function joined(parts: readonly Buffer[]): Buffer {
  const [only] = parts;
  return parts.length === 1 && only ? only : Buffer.concat(parts);
}
