/** What can be wrong with a data folder or a log, each with a stable code. */
import type { Lsn } from '../base/sync-gate.js';
import { TableDamagedError } from '../storage/snapshot-sum.js';
import { segmentName } from './names.js';

/**
 * The folder holds bytes that are not what was written: never repaired by guessing. The process
 * must refuse to start; a participant can be refilled, a coordinator asks the participants.
 */
export class RotError extends Error {
  override readonly name = 'RotError';
  readonly code = 'rot';
  constructor(
    readonly folder: string,
    readonly file: string,
    readonly offset: number,
    readonly reason: string,
  ) {
    super(`${folder}/${file} is damaged at byte ${offset}: ${reason}`);
  }
}

/** What the log says cannot have happened. Thrown by a role's recovery, which knows no files. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly code = 'REPLAY';
}

/** A record contradicts those before it: its checksums hold, and still it cannot have happened. */
export class ContradictionError extends Error {
  override readonly name = 'ContradictionError';
  readonly code = 'contradiction';
  constructor(folder: string, segment: number, cause: ReplayError) {
    super(`${folder}/${segmentName(segment)} contradicts itself: ${cause.message}`, { cause });
  }
}

export type FolderErrorCode = 'wrong-role' | 'foreign' | 'newer-format';

/** The folder is sound, but not ours or not for this release. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
  constructor(
    readonly code: FolderErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * A write or sync failed: nothing about the log may be assumed any more, and nothing is retried.
 */
export class LogFailedError extends Error {
  override readonly name = 'LogFailedError';
  readonly code = 'log-failed';
}

/**
 * There was no room. Of the records up to `lsn`, the PREPARED and PIECE ones from `fromLsn` on were
 * dropped as if they had never been appended, and with a PREPARED its own outcome and those after
 * it; all others are durable. The log stays usable.
 */
export class LogFullError extends Error {
  override readonly name = 'LogFullError';
  readonly code = 'log-full';
  constructor(
    readonly fromLsn: Lsn,
    readonly lsn: Lsn,
    options?: ErrorOptions,
  ) {
    super('no space left for the log', options);
  }
}

/** A snapshot was given up, and the folder is as it was. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof SnapshotFullError || error instanceof TableDamagedError;
}

/** There is no room for a snapshot. Nothing changed; the log goes on in its segment. */
export class SnapshotFullError extends Error {
  override readonly name = 'SnapshotFullError';
  readonly code = 'snapshot-full';
}
