/**
 * Loads what a participant's folder holds, and opens its log for new records. Knows nothing of
 * where the folder is, nor of what becomes of the result.
 *
 * Invariant: that the log may lack its newest records, because a tail is to be cut off or because
 * the folder is a copy of an older one, is on disk before the tail or the mark of the copy is gone,
 * and in the log before any other record, so that what those records may have promised stays in
 * doubt through any number of restarts.
 */
import { sameEpoch } from '../base/ids.js';
import type { OpenedFolder, ReplayOutcome } from '../wal/folder.js';
import type { Log } from '../wal/log.js';
import { ParticipantRecovery } from './recovery.js';
import type { ParticipantState } from './state.js';

export interface ParticipantReplay {
  readonly state: ParticipantState;
  readonly outcome: ReplayOutcome;
  /** The log knows of the promised epoch; else only the small file does. */
  readonly isPromiseLogged: boolean;
}

/** Why the newest records may be missing, other than by what the log says itself. */
function mayLackRecords(opened: OpenedFolder, outcome: ReplayOutcome): boolean {
  return outcome.tail?.nonZero === true || opened.isCopy || opened.tailHint > 0;
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
  const logged = recovery.state.epoch;
  recovery.hintEpoch(opened.epochHint);
  const isPromiseLogged = sameEpoch(logged, recovery.state.epoch);
  recovery.hintView(opened.viewHint);
  if (outcome.installing) recovery.state.installing = true;
  recovery.hintTail(opened.tailHint);
  const state = recovery.finish(mayLackRecords(opened, outcome));
  return { state, outcome, isPromiseLogged };
}

/** `origin`: where the folder is now; a copy counts as being at home from here on. */
export async function startParticipantLog(
  opened: OpenedFolder,
  { state, outcome, isPromiseLogged }: ParticipantReplay,
  origin: string,
): Promise<Log> {
  const isUncertain = mayLackRecords(opened, outcome);
  const log = await opened.start(isUncertain ? state.tailFrom : 0);
  // Where the promise belongs: what is staged from here on is of the new epoch.
  if (!isPromiseLogged) log.append({ kind: 'epoch', epoch: state.epoch });
  if (isUncertain) log.append({ kind: 'tail', txid: state.tailFrom });
  if (isUncertain || !isPromiseLogged) await log.flush();
  if (!isUncertain) return log;
  await log.clearTail();
  if (opened.isCopy) await log.setOrigin(origin);
  return log;
}
