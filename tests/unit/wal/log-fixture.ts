/** Opens, replays and fills folders in memory, for the tests of the log. */
import { expect } from 'chai';
import type { Disk } from '../../../src/ports/disk.js';
import { applyPayload } from '../../../src/storage/apply.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import { snapshotFrames } from '../../../src/storage/snapshot.js';
import type { SnapshotHeader } from '../../../src/storage/snapshot-header.js';
import { Table } from '../../../src/storage/table.js';
import {
  type FolderOptions,
  type OpenedFolder,
  type ReplayOutcome,
  openFolder,
} from '../../../src/wal/folder.js';
import type { Log } from '../../../src/wal/log.js';
import type { WalRecord } from '../../../src/wal/record.js';

export const STORE_ID = '5'.repeat(32);

export const OPTIONS: FolderOptions = {
  role: 'participant',
  newStoreId: () => STORE_ID,
  origin: 'here',
  segmentBytes: 1 << 20,
  segmentRecords: 1000,
};

export interface Replayed {
  readonly folder: OpenedFolder;
  readonly outcome: ReplayOutcome;
  readonly records: WalRecord[];
  readonly snapshot: { readonly header: SnapshotHeader; readonly table: Table } | null;
}

export async function replay(disk: Disk, options = OPTIONS): Promise<Replayed> {
  const folder = await openFolder(disk, options);
  const records: WalRecord[] = [];
  let snapshot: Replayed['snapshot'] = null;
  const outcome = await folder.replay({
    onSnapshot: (header, table) => {
      expect(records, 'the snapshot comes first').to.deep.equal([]);
      snapshot = { header, table };
    },
    onRecord: (record) => records.push(record),
  });
  return { folder, outcome, records, snapshot };
}

export async function begin(disk: Disk, options = OPTIONS): Promise<Log> {
  return (await replay(disk, options)).folder.start();
}

export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error('it was expected to reject');
}

/** A table with these keys, and the frames of its snapshot. */
export function tableWith(
  keys: readonly string[],
  txid = 1,
): { table: Table; header: SnapshotHeader; frames: Buffer[] } {
  const table = new Table();
  const pairs = keys.map((key) => [key, Buffer.from(`value of ${key}`)] as const);
  if (pairs.length > 0) applyPayload(table, encodeCommands([{ op: 'set', pairs }]));
  const header: SnapshotHeader = {
    txid,
    epoch: 3,
    chain: 'c'.repeat(32),
    digest: table.digest(),
    keys: table.size,
    bytes: table.bytes,
    aborted: [],
    lineage: [],
  };
  const snapshot = table.beginSnapshot();
  const frames = [...snapshotFrames(snapshot, header)];
  snapshot.close();
  return { table, header, frames };
}

export function payloadOf(key: string): Buffer {
  return encodeCommands([{ op: 'set', pairs: [[key, Buffer.from(key)]] }]);
}
