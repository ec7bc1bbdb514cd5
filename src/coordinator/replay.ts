/**
 * Reads what the log of a coordinator's folder says, before anything in the folder is changed.
 * Knows nothing of where the folder is, nor of what becomes of the result.
 */
import type { OpenedFolder, ReplayOutcome } from '../wal/folder.js';
import { type CoordinatorRecovered, CoordinatorRecovery } from './recovery.js';

export interface CoordinatorReplay {
  readonly recovered: CoordinatorRecovered;
  readonly outcome: ReplayOutcome;
}

/** Throws RotError, FolderError or ContradictionError. */
export async function replayCoordinator(opened: OpenedFolder): Promise<CoordinatorReplay> {
  const recovery = new CoordinatorRecovery();
  const outcome = await opened.replay({
    onSnapshot: () => undefined,
    onRecord: (record) => {
      recovery.feed(record);
    },
  });
  recovery.hintEpoch(opened.epochHint);
  recovery.hintView(opened.viewHint);
  return { recovered: recovery.finish(), outcome };
}
