/**
 * What the stopped processes left on their disks, read by the program's own code as a start would,
 * and compared: all hold the same state at the same place, their transactions are pieces of one
 * sequence that keeps what clients were told, and what the coordinator decided is what they did.
 */
import { type CoordinatorRecovered, CoordinatorRecovery } from '../../src/coordinator/recovery.js';
import { openExistingFileDisk } from '../../src/io/file-disk.js';
import { ParticipantRecovery } from '../../src/participant/recovery.js';
import { openFolder } from '../../src/wal/folder.js';
import type { FolderIdentity, WalRecord } from '../../src/wal/record.js';
import { appliedSequence } from '../checkers/applied-sequence.js';
import type { Operation } from '../checkers/history.js';
import {
  checkReplicaOrder,
  claimsOf,
  type ParticipantSequence,
} from '../checkers/replica-order.js';
import { valueOf } from './values.js';

export interface ParticipantLog {
  readonly name: string;
  readonly sequence: ParticipantSequence;
  readonly txid: number;
  readonly chain: string;
  readonly digest: string;
  readonly keys: number;
}

async function open(folder: string, role: FolderIdentity['role']) {
  const disk = await openExistingFileDisk(folder);
  const newStoreId = (): never => {
    throw new Error(`${folder} has no identity`);
  };
  const options = { role, newStoreId, origin: '', segmentBytes: 1, segmentRecords: 1 };
  return openFolder(disk, options);
}

/** Changes nothing. */
export async function readParticipant(name: string, folder: string): Promise<ParticipantLog> {
  const opened = await open(folder, 'participant');
  const recovery = new ParticipantRecovery(0);
  const records: WalRecord[] = [];
  let snapshotTxid = 0;
  await opened.replay({
    onSnapshot: (header, table) => {
      snapshotTxid = header.txid;
      recovery.snapshot(header, table);
    },
    onRecord: (record) => {
      records.push(record);
      recovery.feed(record);
    },
  });
  const { resolved, table } = recovery.finish(false);
  const sequence = appliedSequence({ participant: name, snapshotTxid, records });
  const { txid, chain } = resolved;
  return { name, sequence, txid, chain, digest: table.digest(), keys: table.size };
}

async function readCoordinator(folder: string): Promise<CoordinatorRecovered> {
  const opened = await open(folder, 'coordinator');
  const recovery = new CoordinatorRecovery();
  const onRecord = (record: WalRecord): void => {
    recovery.feed(record);
  };
  await opened.replay({ onSnapshot: () => undefined, onRecord });
  return recovery.finish();
}

export interface LogVerdict {
  /** Sentences, one a violation. */
  readonly violations: readonly string[];
  readonly transactions: number;
  /** From the first to the last transaction, nothing hidden behind a snapshot. */
  readonly isComplete: boolean;
}

export async function compareLogs(
  participants: readonly ParticipantLog[],
  coordinatorFolder: string,
  history: readonly Operation[],
): Promise<LogVerdict> {
  const sequences = participants.map(({ sequence }) => sequence);
  const order = checkReplicaOrder(sequences, claimsOf(history.map(asApplied)));
  const violations = [...differentEnds(participants), ...order.violations];
  const { outcomes } = await readCoordinator(coordinatorFolder);
  for (const { name, txid, sequence } of participants) {
    if (txid !== outcomes.decidedTxid) {
      violations.push(`${name} resolved ${txid} transactions of ${outcomes.decidedTxid} decided`);
    }
    for (const { txid: each, outcome } of sequence.transactions) {
      const decided = outcomes.get(each);
      if (decided === undefined || decided.commit === (outcome === 'commit')) continue;
      violations.push(`${name} has the ${outcome} of ${each}, the coordinator decided otherwise`);
    }
  }
  const { isComplete } = order;
  return { violations, transactions: outcomes.decidedTxid, isComplete };
}

function differentEnds([first, ...rest]: readonly ParticipantLog[]): string[] {
  const place = (log: ParticipantLog): string =>
    `transaction ${log.txid}, chain ${log.chain}, digest ${log.digest}, ${log.keys} keys`;
  if (first === undefined) return ['there is no participant'];
  return rest
    .filter((other) => place(other) !== place(first))
    .map((other) => {
      return `at the end ${first.name} has ${place(first)}; ${other.name} has ${place(other)}`;
    });
}

/** Histories hold the names of values, logs the values. */
function asApplied(operation: Operation): Operation {
  const { action } = operation;
  if (action.op !== 'set') return operation;
  const pairs = action.pairs.map(([key, name]) => [key, valueOf(name)] as const);
  return { ...operation, action: { op: 'set', pairs } };
}
