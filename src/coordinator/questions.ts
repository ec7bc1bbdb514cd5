/**
 * What the members are asked just now: which questions are open, which member owes the beginning of
 * an answer, and which has so many open that it is asked no more. Knows nothing of sessions, nor of
 * what answers say.
 */
import { MAX_QUESTIONS } from '../base/limits.js';
import type { Assembly } from './assembly.js';
import type { Peer } from './peer.js';
import type { PendingRead } from './session-reads.js';

/** What one member is asked at once: one read, or several of few keys each. */
export interface Question {
  readonly id: number;
  readonly peer: Peer;
  readonly reads: readonly PendingRead[];
  /** The member has not begun to answer. */
  isOwed: boolean;
  assembly: Assembly | null;
}

export class Questions {
  private readonly byId = new Map<number, Question>();
  /** How many answers each member has not begun, and how many it has not ended. */
  private readonly owed = new Map<Peer, number>();
  private readonly open = new Map<Peer, number>();
  /** They are left alone until half of it is done, so that what waits is looked at seldom. */
  private readonly full = new Set<Peer>();
  private ids = 0;

  /** In the order of asking. */
  get all(): Question[] {
    return [...this.byId.values()];
  }

  get isAnyOwed(): boolean {
    return this.owed.size > 0;
  }

  owes(peer: Peer): boolean {
    return this.owed.has(peer);
  }

  isFull(peer: Peer): boolean {
    return this.full.has(peer);
  }

  /** The question with this id, if it was put to this peer and is open. */
  get(id: number, peer: Peer): Question | undefined {
    const question = this.byId.get(id);
    return question?.peer === peer ? question : undefined;
  }

  begin(peer: Peer, reads: readonly PendingRead[]): Question {
    this.ids += 1;
    const question: Question = { id: this.ids, peer, reads, isOwed: true, assembly: null };
    this.byId.set(question.id, question);
    count(this.owed, peer, 1);
    if (count(this.open, peer, 1) >= MAX_QUESTIONS) this.full.add(peer);
    return question;
  }

  /** Its member has begun to answer, or never will. */
  settle(question: Question): void {
    if (!question.isOwed) return;
    question.isOwed = false;
    count(this.owed, question.peer, -1);
  }

  finish(question: Question): void {
    const { id, peer } = question;
    if (!this.byId.delete(id)) return;
    this.settle(question);
    if (count(this.open, peer, -1) <= MAX_QUESTIONS / 2) this.full.delete(peer);
  }
}

function count(counts: Map<Peer, number>, peer: Peer, change: 1 | -1): number {
  const now = (counts.get(peer) ?? 0) + change;
  if (now > 0) counts.set(peer, now);
  else counts.delete(peer);
  return now;
}
