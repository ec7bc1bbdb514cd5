/**
 * What the folders of a run say when it is over: the sequence that each participant applied, held
 * against the others and against what clients were told; and what became of the writes whose
 * clients never heard.
 */
import { appliedSequence, outcomesOf } from '../checkers/applied-sequence.js';
import type { Operation } from '../checkers/history.js';
import {
  checkReplicaOrder,
  claimsOf,
  nameOfSet,
  type ParticipantSequence,
} from '../checkers/replica-order.js';
import type { WalRecord } from '../../src/wal/record.js';
import { openFolder } from '../../src/wal/folder.js';
import { MemoryDisk } from '../helpers/memory-disk.js';
import type { SimDisk } from './sim-disk.js';

interface FolderContent {
  /** Transaction of the snapshot that the records follow. */
  readonly snapshotTxid: number;
  readonly records: readonly WalRecord[];
}

export interface LogVerdict {
  readonly violations: readonly string[];
  /** The history, with what the logs prove of outcomes that clients do not know. */
  readonly narrowed: readonly Operation[];
}

/** The name of a participant and its disk. */
export type NamedDisk = readonly [name: string, disk: SimDisk];

export async function checkLogs(
  coordinator: SimDisk,
  participants: readonly NamedDisk[],
  history: readonly Operation[],
): Promise<LogVerdict> {
  const { records } = await readFolder(coordinator, 'coordinator');
  const outcomes = outcomesOf(records);
  const sequences: ParticipantSequence[] = [];
  for (const [participant, disk] of participants) {
    const content = await readFolder(disk, 'participant');
    sequences.push(appliedSequence({ participant, ...content }, outcomes));
  }
  const { violations, isComplete } = checkReplicaOrder(sequences, claimsOf(history));
  return { violations, narrowed: isComplete ? narrow(history, sequences) : history };
}

async function readFolder(
  disk: SimDisk,
  role: 'coordinator' | 'participant',
): Promise<FolderContent> {
  const copy = new MemoryDisk();
  for (const [name, bytes] of disk.content()) copy.plant(name, bytes);
  const opened = await openFolder(copy, {
    role,
    newStoreId: () => '0'.repeat(32),
    origin: disk.origin,
    segmentBytes: 1 << 30,
    segmentRecords: 1 << 30,
  });
  const records: WalRecord[] = [];
  let snapshotTxid = 0;
  await opened.replay({
    onSnapshot: (header) => {
      snapshotTxid = header.txid;
    },
    onRecord: (record) => {
      records.push(record);
    },
  });
  return { snapshotTxid, records };
}

/** A SET whose client never heard happened if it is in the sequence, and else never will. */
function narrow(
  history: readonly Operation[],
  sequences: readonly ParticipantSequence[],
): Operation[] {
  const applied = new Set<string>();
  for (const { transactions } of sequences) {
    for (const { outcome, commands } of transactions) {
      if (outcome === 'commit') for (const command of commands) applied.add(command);
    }
  }
  const times = history.flatMap(({ calledAt, returnedAt }) => [calledAt, returnedAt]);
  const end = times.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0) + 1;
  return history.map((operation) => {
    const { action, outcome } = operation;
    if (outcome !== 'unknown' || action.op !== 'set') return operation;
    if (!applied.has(nameOfSet(action.pairs))) return { ...operation, outcome: 'failed' };
    // It may have happened behind what its session asked later: its order is its own.
    return { ...operation, outcome: 'ok', returnedAt: end, session: -operation.serial };
  });
}
