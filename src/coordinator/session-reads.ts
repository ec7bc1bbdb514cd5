/**
 * The reads that are under way for each session: at which member, and in which order they were
 * asked. Answers are told in that order only: one behind a read that has to be asked again, of
 * another member and perhaps of a later state, is forgotten with it and asked again too (H15).
 * Knows nothing of messages.
 */
import { assert } from '../base/assert.js';
import type { Millis } from '../base/ids.js';
import type { ReadCommand, StoreReply } from '../base/store-request.js';
import type { Peer } from './peer.js';
import type { ClientRef } from './ready.js';

export interface PendingRead {
  readonly client: ClientRef;
  readonly command: ReadCommand;
  deadline: Millis;
  /** What it shared a question with did not fit into one answer. */
  isAlone: boolean;
  /** Told, or waiting for those before it. */
  reply: StoreReply | null;
}

/** At least one read, in the order of asking; the first has no reply. */
interface Asked {
  readonly peer: Peer;
  readonly reads: PendingRead[];
}

export class SessionReads {
  private readonly bySession = new Map<number, Asked>();

  constructor(private readonly tell: (client: ClientRef, reply: StoreReply) => void) {}

  /** Where the session's next read must go. */
  peerOf({ session }: ClientRef): Peer | undefined {
    return this.bySession.get(session)?.peer;
  }

  asked(read: PendingRead, peer: Peer): void {
    const { session } = read.client;
    const entry = this.bySession.get(session);
    if (entry === undefined) {
      this.bySession.set(session, { peer, reads: [read] });
      return;
    }
    assert(entry.peer === peer, 'the reads of a session are at one member');
    entry.reads.push(read);
  }

  answered(read: PendingRead, reply: StoreReply): void {
    read.reply = reply;
    this.tellAnswered(read.client, this.readsOf(read));
  }

  /** It goes back to where it waited before it was asked. */
  withdraw(read: PendingRead): void {
    const reads = this.readsOf(read);
    reads.splice(reads.lastIndexOf(read), 1);
    this.tellAnswered(read.client, reads);
  }

  /** All that was asked of this member and not told: each session's in the order of asking. */
  withdrawAll(peer: Peer): PendingRead[] {
    const entries = [...this.bySession].filter(([, entry]) => entry.peer === peer);
    for (const [session] of entries) this.bySession.delete(session);
    return entries.flatMap(([, { reads }]) => reads);
  }

  private readsOf({ client }: PendingRead): PendingRead[] {
    const entry = this.bySession.get(client.session);
    assert(entry !== undefined, 'a read that was asked is known until it was told');
    return entry.reads;
  }

  private tellAnswered({ session }: ClientRef, reads: PendingRead[]): void {
    for (let [first] = reads; first !== undefined; [first] = reads) {
      if (first.reply === null) return;
      this.tell(first.client, first.reply);
      reads.shift();
    }
    this.bySession.delete(session);
  }
}
