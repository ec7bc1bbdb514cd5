/**
 * Decides when the log of a running machine is flushed, and tells the machine's owner how far that
 * is.
 *
 * Records that are appended while a flush is under way wait for it and share the next. A flush is
 * started at once when somebody waits for it, else a little later, so that what nobody waits for
 * costs no sync of its own. Translates between the numbers of a machine, which counts its own
 * records from 1, and those of the log.
 * Invariants: one flush at a time; an identity that was adopted is durable before any later record
 * is reported as synced; after the first failure nothing is reported any more.
 */
import type { Millis } from '../base/ids.js';
import { Histogram } from '../base/histogram.js';
import type { Lsn } from '../base/sync-gate.js';
import type { Clock } from '../ports/clock.js';
import { LogFullError } from './errors.js';
import type { Log } from './log.js';
import type { Adoption, WalRecord } from './record.js';

/** How long a record that nobody waits for may stay unsynced. */
export const LAZY_SYNC_MS: Millis = 20;

const MICROS_PER_MS = 1000;

/** Never called from within a method of `GroupCommit`. Numbers are the machine's. */
export interface GroupCommitEvents {
  synced(lsn: Lsn): void;
  /**
   * All promises from this record on were dropped for want of room, just now; `synced` of what was
   * kept follows.
   */
  dropped(from: Lsn): void;
  failed(error: Error): void;
}

export class GroupCommit {
  /** Microseconds from the start of a flush to its end. */
  readonly syncMicros = new Histogram();
  /** What the log numbered before the machine's first record. */
  private readonly base: Lsn;
  private urgentLsn: Lsn = 0;
  private mustFlush = false;
  private dueAt: Millis | null = null;
  private flushing: Promise<void> | null = null;
  private identity: Promise<void> | null = null;
  private hasFailed = false;

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
    private readonly events: GroupCommitEvents,
  ) {
    this.base = log.appendedLsn;
    log.onDropped = (fromLsn) => {
      events.dropped(fromLsn - this.base);
    };
  }

  append(records: readonly WalRecord[]): void {
    if (records.length === 0) return;
    for (const record of records) this.log.append(record);
    this.dueAt ??= this.clock.now() + LAZY_SYNC_MS;
  }

  adopt(adoption: Adoption): void {
    this.identity = this.log.setIdentity(adoption);
    // Its failure is seen by the flush that waits for it.
    this.identity.catch(() => undefined);
    this.mustFlush = true;
  }

  /** Somebody waits for what was appended so far. */
  hurry(): void {
    this.urgentLsn = this.log.appendedLsn;
  }

  /** A new segment was asked for: only a flush begins it. */
  rolled(): void {
    this.mustFlush = true;
  }

  /** When `advance` has something to do although nothing happens before. */
  get nextFlushAt(): Millis {
    return this.flushing === null ? (this.dueAt ?? Infinity) : Infinity;
  }

  /** Starts a flush if one is due. To be called when all records of a turn are appended. */
  advance(): void {
    if (this.flushing !== null || this.hasFailed) return;
    if (this.isUnsynced ? !this.isWaitedFor : !this.mustFlush) return;
    this.flushing = this.flush();
  }

  /** Resolves when everything appended is durable, or when the log has failed. */
  async finish(): Promise<void> {
    for (;;) {
      if (this.flushing !== null) await this.flushing;
      if (this.hasFailed || !(this.isUnsynced || this.mustFlush)) return;
      this.mustFlush = true;
      this.advance();
    }
  }

  private get isUnsynced(): boolean {
    return this.log.appendedLsn > this.log.syncedLsn;
  }

  private get isWaitedFor(): boolean {
    if (this.mustFlush || this.urgentLsn > this.log.syncedLsn) return true;
    return this.dueAt !== null && this.clock.now() >= this.dueAt;
  }

  /** What the events throw is not caught: it is a fault of this program, not of the log. */
  private async flush(): Promise<void> {
    const { events, base } = this;
    this.dueAt = null;
    this.mustFlush = false;
    const startedAt = this.clock.now();
    const result = await this.attempt();
    this.syncMicros.add((this.clock.now() - startedAt) * MICROS_PER_MS);
    this.flushing = null;
    if (!this.isUnsynced) this.dueAt = null;
    if (result instanceof LogFullError) {
      events.synced(result.lsn - base);
    } else if (result instanceof Error) {
      this.hasFailed = true;
      events.failed(result);
    } else {
      events.synced(result - base);
    }
  }

  /** The number of the newest durable record, or what went wrong. */
  private async attempt(): Promise<Lsn | Error> {
    try {
      while (this.identity !== null) {
        const adopted = this.identity;
        this.identity = null;
        await adopted;
      }
      return await this.log.flush();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
