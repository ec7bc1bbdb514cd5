/**
 * Loads what a participant's folder holds, and opens its log for new records. Knows nothing of
 * where the folder is, nor of what becomes of the result.
 *
 * Invariant: that the log may lack its newest records, because a tail is to be cut off, because the
 * folder is a copy of an older one or because the small file knows more than it, is on disk before
 * the tail or the mark of the copy is gone, and in the log before any record that a peer causes, so
 * that what those records may have promised stays in doubt through any number of restarts.
 */
import { sameEpoch } from '../base/ids.js';
import type { OpenedFolder, ReplayOutcome } from '../wal/folder.js';
import type { Log } from '../wal/log.js';
import type { WalRecord } from '../wal/record.js';
import { ParticipantRecovery } from './recovery.js';
import type { ParticipantState } from './state.js';

export interface ParticipantReplay {
  readonly state: ParticipantState;
  readonly outcome: ReplayOutcome;
  /** The log may lack its newest records, for another reason than what it says itself. */
  readonly isUncertain: boolean;
  /** What only the small file knows: it is written behind the log, so the log lost its end. */
  readonly lost: readonly WalRecord[];
}

/** Changes nothing. Throws RotError, FolderError or ContradictionError. */
export async function replayParticipant(
  opened: OpenedFolder,
  deltaMemoryBytes: number,
): Promise<ParticipantReplay> {
  const recovery = new ParticipantRecovery(deltaMemoryBytes);
  const outcome = await opened.replay({
    onSnapshot: (header, table) => {
      recovery.snapshot(header, table);
    },
    onRecord: (record) => {
      recovery.feed(record);
    },
  });
  const lost = takeHints(recovery, opened);
  if (outcome.installing) recovery.state.installing = true;
  recovery.state.overridden = opened.isOverridden;
  const isCut = outcome.tail?.nonZero === true || opened.tailHint > 0;
  const isUncertain = isCut || opened.isCopy || lost.length > 0;
  return { state: recovery.finish(isUncertain), outcome, isUncertain, lost };
}

function takeHints(recovery: ParticipantRecovery, opened: OpenedFolder): WalRecord[] {
  const { epoch, view } = recovery.state;
  recovery.hintEpoch(opened.epochHint);
  recovery.hintView(opened.viewHint);
  const { state } = recovery;
  const lost: WalRecord[] = [];
  if (!sameEpoch(state.epoch, epoch)) lost.push({ kind: 'epoch', epoch: state.epoch });
  if (state.view !== null && state.view !== view) lost.push({ kind: 'view', view: state.view });
  return lost;
}

/** `origin`: where the folder is now; a copy counts as being at home from here on. */
export async function startParticipantLog(
  opened: OpenedFolder,
  { state, isUncertain, lost }: ParticipantReplay,
  origin: string,
): Promise<Log> {
  const log = await opened.start(isUncertain ? state.tailFrom : 0);
  if (!isUncertain) return log;
  // Where the promise belongs: what is staged from here on is of the new epoch.
  for (const record of lost) log.append(record);
  log.append({ kind: 'tail', txid: state.tailFrom });
  await log.flush();
  await log.clearTail();
  if (opened.isCopy) await log.setOrigin(origin);
  return log;
}
