/** Records with their checksums, and writes that reach the table. */
import { crc32 } from '../../src/base/hash.js';
import type { WriteCommand } from '../../src/base/store-request.js';
import { applyPayload, lookThrough } from '../../src/storage/apply.js';
import { encodeCommands } from '../../src/storage/commands.js';
import { Table } from '../../src/storage/table.js';
import { batchChunks } from '../../src/wal/batch.js';
import { encodeBody } from '../../src/wal/codec.js';
import type { WalRecord } from '../../src/wal/record.js';
import { BATCH, Keys, type MicroTask, VALUE } from './micro-task.js';

const PLACE = { storeId: 'store', segment: 1, offset: 4096 };
const STORED_KEYS = 100_000;

function sets(count: number, keys: Keys): WriteCommand[] {
  return Array.from({ length: count }, () => ({ op: 'set', pairs: [[keys.next(), VALUE]] }));
}

function preparedOf(payload: Buffer): WalRecord {
  const { length } = payload;
  const crc = crc32(payload);
  return { kind: 'prepared', epoch: 1, txid: 1, view: 1, payload, stage: '', length, crc };
}

function encodingRecord(count: number): MicroTask {
  const record = preparedOf(encodeCommands(sets(count, new Keys())));
  return {
    name: `encode a PREPARED record of ${count}, with its checksums`,
    commands: count,
    run: () => {
      batchChunks([encodeBody(record)], PLACE);
    },
  };
}

function fullTable(keys: Keys): Table {
  const table = new Table();
  for (let count = 0; count < 3 * STORED_KEYS; count += 1) table.set(keys.next(), VALUE);
  return table;
}

export function storageTasks(): MicroTask[] {
  const keys = new Keys();
  const table = fullTable(keys);
  const rounds = Array.from({ length: 1000 }, () => sets(BATCH, keys));
  const payloads = rounds.map((commands) => encodeCommands(commands));
  let round = 0;
  const next = <T>(items: readonly T[]): T => {
    round = (round + 1) % items.length;
    const item = items[round];
    if (item === undefined) throw new Error('there are rounds');
    return item;
  };
  return [
    encodingRecord(1),
    encodingRecord(BATCH),
    {
      name: `encode the commands of ${BATCH} SETs`,
      commands: BATCH,
      run: () => {
        encodeCommands(next(rounds));
      },
    },
    {
      name: `look through the commands of ${BATCH} SETs`,
      commands: BATCH,
      run: () => {
        lookThrough(next(payloads));
      },
    },
    {
      name: `apply ${BATCH} SETs of stored keys to the table`,
      commands: BATCH,
      run: () => {
        applyPayload(table, next(payloads));
      },
    },
    {
      name: 'read a value from the table',
      commands: 1,
      run: () => {
        table.get(keys.next());
      },
    },
  ];
}
