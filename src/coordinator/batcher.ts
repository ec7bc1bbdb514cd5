/**
 * Client commands that wait to become part of a transaction, first come first served.
 *
 * Checks every limit before a command gets a place, so that whatever is refused here certainly did
 * not happen. Knows nothing of votes. Invariants: a command that was answered has left the queue;
 * the order of one session's commands is kept.
 */
import type { Millis } from '../base/ids.js';
import {
  BATCH_BYTES,
  BATCH_COMMANDS,
  COMPANION_BYTES,
  COMPANION_PATIENCE_MS,
  INLINE_PAYLOAD_BYTES,
} from '../base/limits.js';
import { pairBytes } from '../base/pair-memory.js';
import type { WriteCommand } from '../base/store-request.js';
import type { CoordinatorCore } from './core.js';
import type { ClientRef } from './ready.js';
import type { PendingWrite } from './transaction.js';

export class Batcher {
  private queue: PendingWrite[] = [];
  private queuedBytes = 0;
  private queuedPairs = 0;
  /** How many commands there are if each client that was just answered sends one; 0: no idea. */
  private expected = 0;
  /** How many there were when more were last waited for. */
  private gathered = 0;
  /** They are not waited for beyond this. */
  private gatherUntil: Millis = -Infinity;
  /** When the newest batch went out. */
  private takenAt: Millis = -Infinity;
  /** None that waits expires before this. */
  private timeoutAt: Millis = Infinity;

  constructor(private readonly core: CoordinatorCore) {}

  get length(): number {
    return this.queue.length;
  }

  get bytes(): number {
    return this.queuedBytes;
  }

  get pairs(): number {
    return this.queuedPairs;
  }

  /** Whether a write of this session waits here. */
  holdsFor(session: number | undefined): boolean {
    return session !== undefined && this.queue.some((write) => write.client?.session === session);
  }

  makeWrite(client: ClientRef, command: WriteCommand, arrivedAt: Millis): PendingWrite {
    const deadline = arrivedAt + this.core.settings.requestTimeoutMs;
    return { client, command, bytes: bytesOf(command), pairs: pairsOf(command), deadline };
  }

  add(write: PendingWrite): void {
    this.queue.push(write);
    this.noteQueued(write);
  }

  /** Back to the head, in order: their transaction was aborted for another's sake. */
  putBack(writes: readonly PendingWrite[]): void {
    const alive = writes.filter((write) => write.client !== null);
    this.queue = [...alive, ...this.queue];
    for (const write of alive) this.noteQueued(write);
  }

  /** A client of a batch has its answer, and may send its next command at once. */
  expectMore(): void {
    const { now } = this.core;
    this.gatherUntil = now + (now - this.takenAt);
    if (this.expected === 0) this.expected = this.queue.length;
    this.expected += 1;
  }

  /**
   * Every transaction costs every member a message and a sync, so beside others only a large batch
   * goes out, or, where the newest of them takes long, one that is not small. One that would go
   * alone waits for the clients that were just answered, as long as each round of input brings
   * some: else those who wait and those who were answered would go on in turns, half as many at a
   * time. It waits no longer than the newest batch took, beyond which turns cost less: many of
   * those clients may read first.
   */
  isDue(isOneUnderWay: boolean): boolean {
    const { length } = this.queue;
    if (length === 0) return false;
    const { companionCommands, lateCompanionCommands } = this.core.settings;
    if (length >= companionCommands || this.queuedBytes >= COMPANION_BYTES) return true;
    if (isOneUnderWay) return this.isLate && length >= lateCompanionCommands;
    const isHopeful = length < this.expected && length > this.gathered;
    if (isHopeful && this.core.now <= this.gatherUntil) {
      this.gathered = length;
      this.core.again();
      return false;
    }
    return true;
  }

  /** Takes the next batch, all inline. */
  take(): PendingWrite[] {
    const batch: PendingWrite[] = [];
    let bytes = 0;
    this.expected = 0;
    this.gathered = 0;
    this.takenAt = this.core.now;
    for (const write of this.queue) {
      if (batch.length >= BATCH_COMMANDS) break;
      if (batch.length > 0 && bytes + write.bytes > BATCH_BYTES) break;
      batch.push(write);
      bytes += write.bytes;
    }
    this.queue = this.queue.slice(batch.length);
    for (const write of batch) this.count(write, -1);
    return batch;
  }

  /** Answers and drops what has waited too long; it was never sent. */
  expire(now: Millis, code: string, text: string): void {
    if (now < this.timeoutAt) return;
    const late = this.queue.filter((write) => now >= write.deadline);
    this.queue = this.queue.filter((write) => now < write.deadline);
    this.timeoutAt = this.queue.reduce((at, write) => Math.min(at, write.deadline), Infinity);
    this.drop(late, code, text);
  }

  failAll(code: string, text: string): void {
    const all = this.queue;
    this.queue = [];
    this.drop(all, code, text);
  }

  /** Neither `expire` nor `isDue` says anything new before this if nothing comes. */
  get nextTimeoutAt(): Millis {
    const { length } = this.queue;
    const { companionCommands, lateCompanionCommands } = this.core.settings;
    const isEnoughLater = length >= lateCompanionCommands && length < companionCommands;
    if (!isEnoughLater || this.isLate) return this.timeoutAt;
    return Math.min(this.timeoutAt, this.takenAt + COMPANION_PATIENCE_MS);
  }

  /** The newest batch, if it is still under way, takes long. */
  private get isLate(): boolean {
    return this.core.now >= this.takenAt + COMPANION_PATIENCE_MS;
  }

  private drop(writes: readonly PendingWrite[], code: string, text: string): void {
    for (const write of writes) {
      this.count(write, -1);
      if (write.client !== null) this.core.fail(write.client, code, text);
      write.client = null;
    }
  }

  private noteQueued(write: PendingWrite): void {
    this.count(write, 1);
    this.timeoutAt = Math.min(this.timeoutAt, write.deadline);
  }

  private count(write: PendingWrite, sign: 1 | -1): void {
    this.queuedBytes += sign * write.bytes;
    this.queuedPairs += sign * write.pairs;
  }
}

/** A command whose payload does not fit in one frame goes through `staging.ts` first. */
export function needsStaging(write: PendingWrite): boolean {
  return write.bytes > INLINE_PAYLOAD_BYTES / 2;
}

function pairsOf(command: WriteCommand): number {
  return command.op === 'set' ? command.pairs.length : 0;
}

function bytesOf(command: WriteCommand): number {
  let sum = 0;
  if (command.op === 'del') for (const key of command.keys) sum += key.length + 8;
  else for (const [key, value] of command.pairs) sum += pairBytes(key.length, value.length);
  return sum;
}
