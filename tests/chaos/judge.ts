/**
 * The verdict on a run: can all that the clients saw be explained by one order of operations, and
 * do the logs of all processes tell one story?
 */
import { checkLinearizable } from '../checkers/linearizability.js';
import type { ChaosCluster, Role } from './chaos-cluster.js';
import type { Journal } from './journal.js';
import { compareLogs, type ParticipantLog, readParticipant } from './logs.js';
import type { HistoryRecorder } from './recorder.js';

export interface JudgeParts {
  readonly cluster: ChaosCluster;
  readonly recorder: HistoryRecorder;
  readonly journal: Journal;
}

const MAX_STEPS = 5_000_000;

export async function judge({ cluster, recorder, journal }: JudgeParts): Promise<void> {
  judgeHistory(recorder, journal);
  try {
    await judgeLogs(cluster, recorder, journal);
  } catch (error) {
    journal.violation(`a log cannot be read: ${String(error)}`);
  }
}

function judgeHistory(recorder: HistoryRecorder, journal: Journal): void {
  const from = performance.now();
  const verdict = checkLinearizable(recorder.operations, { maxSteps: MAX_STEPS });
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  if (verdict.ok === true) {
    journal.note(`${recorder.operations.length} operations are linearizable (${seconds} s)`);
  } else if (verdict.ok === false) {
    const keys = verdict.keys.join(', ');
    journal.violation(`the history of ${keys} is not linearizable:\n${verdict.explanation}`);
  } else {
    journal.violation(`the history is undecided: ${verdict.reason} (${verdict.keys.join(', ')})`);
  }
}

async function judgeLogs(
  cluster: ChaosCluster,
  recorder: HistoryRecorder,
  journal: Journal,
): Promise<void> {
  const participants: ParticipantLog[] = [];
  for (const role of cluster.participants) {
    participants.push(await readParticipant(role.process.name, folderOf(cluster, role)));
  }
  const coordinator = folderOf(cluster, cluster.coordinator);
  const verdict = await compareLogs(participants, coordinator, recorder.operations);
  for (const sentence of verdict.violations) journal.violation(sentence);
  const extent = verdict.isComplete ? 'all of them' : 'those behind the newest snapshots';
  journal.note(`logs of ${verdict.transactions} transactions compared (${extent})`);
}

function folderOf(cluster: ChaosCluster, role: Role): string {
  const folder = cluster.logFolderOf(role);
  if (folder === null) throw new Error(`${role.process.name} has no data folder`);
  return folder;
}
