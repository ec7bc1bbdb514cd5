/**
 * Loads what a participant's folder holds, and opens its log for new records. Knows nothing of
 * where the folder is, nor of what becomes of the result.
 *
 * Invariant: that the log may lack its newest records, because a tail is to be cut off or because
 * the folder is a copy of an older one, is on disk before the tail or the mark of the copy is gone,
 * and in the log before any other record, so that what those records may have promised stays in
 * doubt through any number of restarts.
 */
import type { OpenedFolder, ReplayOutcome } from '../wal/folder.js';
import type { Log } from '../wal/log.js';
import { ParticipantRecovery } from './recovery.js';
import type { ParticipantState } from './state.js';

export interface ParticipantReplay {
  readonly state: ParticipantState;
  readonly outcome: ReplayOutcome;
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
  recovery.hintEpoch(opened.epochHint);
  recovery.hintView(opened.viewHint);
  if (outcome.installing) recovery.state.installing = true;
  recovery.hintTail(opened.tailHint);
  return { state: recovery.finish(mayLackRecords(opened, outcome)), outcome };
}

/** `origin`: where the folder is now; a copy counts as being at home from here on. */
export async function startParticipantLog(
  opened: OpenedFolder,
  { state, outcome }: ParticipantReplay,
  origin: string,
): Promise<Log> {
  if (!mayLackRecords(opened, outcome)) return opened.start();
  const log = await opened.start(state.tailFrom);
  log.append({ kind: 'tail', txid: state.tailFrom });
  await log.flush();
  await log.clearTail();
  if (opened.isCopy) await log.setOrigin(origin);
  return log;
}
