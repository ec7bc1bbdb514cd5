/**
 * The giving side of a rejoin: answers a joiner's questions from history or from a snapshot.
 *
 * Serves only peers that act for the epoch we promised, and only while we are a sound member of the
 * view: what a stranger or a stale store would learn from us could otherwise be older than an
 * acknowledged write. One snapshot session at a time; it is closed when its joiner leaves or falls
 * silent, so that it never pins the table for long.
 * Invariant: what is given is on our own disk, else a joiner could keep an abort that we lose. What
 * has been for long waits for no sync, or a joiner would not catch up with many writers.
 */
import { type Millis, isMember, sameEpoch } from '../base/ids.js';
import { DELTA_BYTES, DELTA_COMMANDS, FIRST_DELTA_COMMANDS, PIECE_BYTES } from '../base/limits.js';
import type {
  Delta,
  DeltaEntry,
  Fetch,
  FetchFrames,
  FetchSnapshot,
  Reply,
} from '../rpc/messages.js';
import { commandCount } from '../storage/commands.js';
import { snapshotFrames } from '../storage/snapshot.js';
import type { TableSnapshot } from '../storage/table-snapshot.js';
import { snapshotHeader } from './checkpoint.js';
import type { ParticipantCore } from './core.js';
import type { Link } from './links.js';

interface Session {
  readonly id: string;
  readonly link: number;
  readonly snapshot: TableSnapshot;
  readonly frames: Iterator<Buffer>;
  nextSequence: number;
  lastUsedAt: Millis;
}

export class Donor {
  private session: Session | null = null;
  private sessions = 0;
  private endedId = '';
  /** How many commands the next delta of each joiner may bring, by its link. */
  private readonly growing = new Map<number, number>();

  constructor(private readonly core: ParticipantCore) {}

  onFetch(link: Link, message: Fetch): void {
    const { state } = this.core;
    const answer = (verdict: Delta['verdict'], entries: readonly DeltaEntry[]): void => {
      const position = state.resolved;
      const digest = state.table.digest();
      const reply = { type: 'delta', verdict, entries, position, digest } as const;
      const last = entries.at(-1);
      // The position is where to ask on to: nobody keeps it.
      if (last !== undefined && last.txid <= this.core.syncedTxid) this.core.send(link.id, reply);
      else this.sendSynced(link, reply);
    };
    if (!this.mayServe(message.epoch)) {
      answer('epoch', []);
      return;
    }
    if (!state.history.knows(message.position)) {
      answer('snapshot', []);
      return;
    }
    const most = this.growing.get(link.id) ?? FIRST_DELTA_COMMANDS;
    this.growing.set(link.id, Math.min(2 * most, DELTA_COMMANDS));
    const entries = this.collect(message.position.txid + 1, message.offset, most);
    answer(entries.length === 0 ? 'upToDate' : 'entries', entries);
  }

  onFetchSnapshot(link: Link, message: FetchSnapshot): void {
    const { core } = this;
    const answer = (id: string, reason: string): void => {
      this.sendSynced(link, { type: 'snapshot', id, reason, bytes: core.state.table.bytes });
    };
    if (!this.mayServe(message.epoch)) {
      answer('', 'this participant follows another epoch or is not a member');
      return;
    }
    if (this.session !== null && this.session.link !== link.id) {
      answer('', 'another participant is being filled from here');
      return;
    }
    this.end();
    const header = snapshotHeader(core.state);
    const snapshot = core.state.table.beginSnapshot();
    this.sessions += 1;
    this.session = {
      id: `${core.storeId}-${this.sessions}`,
      link: link.id,
      snapshot,
      frames: snapshotFrames(snapshot, header),
      nextSequence: 0,
      lastUsedAt: core.now,
    };
    core.trace.event('info', 'filling another participant from here', { keys: header.keys });
    answer(this.session.id, '');
  }

  onFetchFrames(link: Link, message: FetchFrames): void {
    const { core, session } = this;
    if (message.id === this.endedId) {
      const { id, sequence } = message; // It asked ahead, beyond the end.
      core.send(link.id, { type: 'frames', id, sequence, last: true, frames: [] });
      return;
    }
    if (
      session?.link !== link.id ||
      session.id !== message.id ||
      session.nextSequence !== message.sequence
    ) {
      core.refuse(link.id, 'protocol', 'these snapshot frames cannot be had');
      return;
    }
    session.lastUsedAt = core.now;
    const frames: Buffer[] = [];
    let bytes = 0;
    let last = false;
    while (bytes < PIECE_BYTES && !last) {
      const next = session.frames.next();
      if (next.done === true) last = true;
      else {
        frames.push(next.value);
        bytes += next.value.length;
      }
    }
    session.nextSequence += 1;
    const { id, sequence } = message;
    core.send(link.id, { type: 'frames', id, sequence, last, frames });
    if (!last) return;
    this.endedId = id;
    this.end();
  }

  onLinkClosed(link: number): void {
    this.growing.delete(link);
    if (this.session?.link === link) this.end();
  }

  get timeoutAt(): Millis | null {
    if (this.session === null) return null;
    return this.session.lastUsedAt + this.core.settings.donorTimeoutMs;
  }

  onTick(): void {
    const { timeoutAt, session } = this;
    if (session === null || timeoutAt === null || this.core.now < timeoutAt) return;
    this.core.trace.event('warn', 'gave up filling a participant that fell silent');
    this.core.close(session.link);
    this.end();
  }

  private sendSynced(link: Link, reply: Reply): void {
    this.core.whenSynced(() => {
      this.core.send(link.id, reply);
    });
  }

  private end(): void {
    this.session?.snapshot.close();
    this.session = null;
  }

  private mayServe(epoch: Fetch['epoch']): boolean {
    const { state, storeId } = this.core;
    return (
      state.fit &&
      !state.overridden &&
      isMember(state.view, storeId) &&
      sameEpoch(epoch, state.epoch)
    );
  }

  private collect(from: number, offset: number, mostCommands: number): DeltaEntry[] {
    const entries: DeltaEntry[] = [];
    let room = DELTA_BYTES;
    let commands = mostCommands;
    let skip = offset;
    for (let txid = from; room > 0 && commands > 0; txid += 1) {
      const entry = this.core.state.history.at(txid);
      if (entry === undefined) break;
      const whole = entry.payload ?? Buffer.alloc(0);
      const bytes = whole.subarray(skip, skip + room);
      const { epoch, commit, length, crc } = entry;
      entries.push({ epoch, txid, commit, length, crc, bytes });
      room -= bytes.length + DELTA_ENTRY_BYTES;
      commands -= whole.length === 0 ? 1 : 1 + commandCount(whole);
      if (skip + bytes.length < whole.length) break;
      skip = 0;
    }
    return entries;
  }
}

/** What an entry costs in a frame beside its payload. */
const DELTA_ENTRY_BYTES = 64;
