/**
 * Snapshots on their way to the disk: our own (a checkpoint) and a donor's (an install), beside the
 * log that goes on. Both begin a new segment at the very place in the order of records where the
 * machine asked for it; everything slow happens behind that, step after step.
 *
 * Knows how files are written, nothing of what is in them. A full disk is no failure: the machine
 * hears that the install failed, or keeps its longer log for a while.
 * Invariant: steps of installs happen in the order in which they were asked for.
 */
import { assert } from '../base/assert.js';
import type { Millis } from '../base/ids.js';
import type { Clock } from '../ports/clock.js';
import type { Trace } from '../ports/trace.js';
import type { SnapshotHeader } from '../storage/snapshot-header.js';
import { SnapshotFullError } from '../wal/errors.js';
import type { Log } from '../wal/log.js';
import { InstallWriter, writeCheckpoint } from '../wal/snapshot-file.js';
import type { WalRecord } from '../wal/record.js';
import type { Checkpoint, InstallStep, ParticipantInput } from './ready.js';

/** After a checkpoint for which there was no room. */
const CHECKPOINT_RETRY_MS: Millis = 10_000;

/** Behind each frame of a checkpoint, everybody else has the processor so many times as long. */
const REST_FACTOR = 3;

/** A stop, and a disk that is full, wait for the end of a rest. */
const MOST_REST_MS: Millis = 50;

/** Staged bytes are in the log once already; this leaves room for as much again behind them. */
const STAGED_FACTOR = 2;

export interface SnapshotsOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly trace: Trace;
  /** Others have their turn meanwhile, even if it is for no time at all. */
  readonly pause: (ms: Millis) => Promise<void>;
  readonly checkpointAfter: { readonly bytes: number; readonly records: number };
  readonly input: (input: ParticipantInput) => void;
  /** A new segment was asked for: the next flush begins it. */
  readonly rolled: () => void;
  readonly onLogFailed: (error: Error) => void;
}

export class Snapshots {
  /** The steps so far, one after the other. Rejects only for a fault of this program. */
  private installs: Promise<void> = Promise.resolve();
  private writer: InstallWriter | null = null;
  private failedInstall = 0;
  private checkpointing: Promise<void> | null = null;
  private retryAt: Millis = 0;
  private isStopping = false;
  /** There was no room for the last checkpoint: the next one must not give the log time to grow. */
  private isShortOfRoom = false;
  /** The log when the newest base was made: what it has grown by since is what counts. */
  private start = { bytes: 0, records: 0 };

  constructor(private readonly options: SnapshotsOptions) {}

  /**
   * A new segment repeats what is staged, `stagedBytes`, in the flush that begins it: while that is
   * much, a longer log costs less than everybody's wait for that flush.
   */
  isCheckpointDue(stagedBytes: number): boolean {
    const { log, clock, checkpointAfter } = this.options;
    // Its file would take the space that outcomes were promised.
    if (log.isFull) return false;
    if (this.checkpointing !== null || clock.now() < this.retryAt) return false;
    return (
      log.logBytes - this.start.bytes >= checkpointAfter.bytes + STAGED_FACTOR * stagedBytes ||
      log.logRecords - this.start.records >= checkpointAfter.records
    );
  }

  checkpoint(checkpoint: Checkpoint): void {
    const { log, trace, input, clock } = this.options;
    const { header, preamble, frames } = checkpoint;
    const written = writeCheckpoint(log, preamble, frames, this.restsFor(header));
    this.options.rolled();
    this.checkpointing = written.then(
      () => {
        this.checkpointing = null;
        this.isShortOfRoom = false;
        this.noteBase();
        trace.event('info', 'snapshot written', { keys: header.keys });
        input({ type: 'checkpointDone' });
      },
      (error: unknown) => {
        this.checkpointing = null;
        this.retryAt = clock.now() + CHECKPOINT_RETRY_MS;
        this.isShortOfRoom = error instanceof SnapshotFullError;
        if (this.noteFailure()) return;
        trace.event('warn', `no snapshot was written: ${textOf(error)}`);
        input({ type: 'checkpointDone' });
      },
    );
  }

  install(step: InstallStep): void {
    const { install } = step;
    switch (step.step) {
      case 'begin':
        this.next(install, async () => {
          this.writer = await InstallWriter.begin(this.options.log);
          return null;
        });
        return;
      case 'frames':
        this.next(install, async () => {
          await this.writer?.append(step.frames);
          return { type: 'framesStored', install };
        });
        return;
      case 'finish':
        this.finishInstall(install, step.preamble);
        return;
      case 'discard':
        this.next(install, async () => {
          await this.discard();
          return null;
        });
        return;
    }
  }

  /** Gives up what is not finished. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.installs;
    await this.checkpointing;
  }

  /**
   * What is done between two frames of a checkpoint. Clients pay for one with what it leaves them
   * of the processor, so it takes its time; but not for ever, since a restart reads what the log
   * grows by meanwhile, and not if it is worth nothing or badly needed.
   */
  private restsFor({ bytes, keys }: SnapshotHeader): () => Promise<void> {
    const { log, clock, pause, checkpointAfter } = this.options;
    const before = { bytes: log.logBytes, records: log.logRecords, base: log.baseSegment };
    const isUrgent = (): boolean =>
      this.isShortOfRoom ||
      log.baseSegment !== before.base ||
      log.logBytes - before.bytes >= Math.max(checkpointAfter.bytes, bytes) ||
      log.logRecords - before.records >= Math.max(checkpointAfter.records, keys);
    let began = clock.now();
    return async () => {
      const took = clock.now() - began;
      await pause(isUrgent() ? 0 : Math.min(REST_FACTOR * took, MOST_REST_MS));
      began = clock.now();
      if (this.isStopping) throw new Error('this participant is stopping');
      if (log.isFull) throw new SnapshotFullError('the disk is full');
    };
  }

  /** The segment begins here, between two records; all frames are stored by now. */
  private finishInstall(install: number, preamble: readonly WalRecord[]): void {
    const { writer } = this;
    assert(writer !== null, 'an install that is to be finished was begun');
    this.writer = null;
    const finished = writer.finish(preamble);
    this.options.rolled();
    this.next(install, async () => {
      await finished;
      this.noteBase();
      return { type: 'installed', install };
    });
  }

  /** Queues a step, which returns what the machine is then told. */
  private next(install: number, step: () => Promise<ParticipantInput | null>): void {
    this.installs = this.installs.then(async () => {
      if (this.failedInstall === install) return;
      let input: ParticipantInput | null;
      try {
        input = await step();
      } catch (error) {
        this.failedInstall = install;
        input = await this.onInstallError(install, error);
      }
      if (input !== null) this.options.input(input);
    });
  }

  private async onInstallError(install: number, error: unknown): Promise<ParticipantInput | null> {
    if (this.noteFailure()) return null;
    await this.discard();
    return { type: 'installFailed', install, reason: textOf(error) };
  }

  private async discard(): Promise<void> {
    const { writer } = this;
    this.writer = null;
    await writer?.discard();
  }

  private noteBase(): void {
    const { logBytes, logRecords } = this.options.log;
    this.start = { bytes: logBytes, records: logRecords };
  }

  /** True if the log is done for, which the role does not survive. */
  private noteFailure(): boolean {
    const { failed } = this.options.log;
    if (failed === null) return false;
    this.options.onLogFailed(failed);
    return true;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
