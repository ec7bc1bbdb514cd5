/**
 * A crash at every operation on the disk of a life that contains everything: first start, flushes,
 * new segments, checkpoints while the log goes on, an install, restarts. After each of them,
 * whatever a flush had covered must be there, and nothing that was never appended.
 */
import { expect } from 'chai';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { Prng } from '../../../src/base/prng.js';
import type { Disk } from '../../../src/ports/disk.js';
import { applyPayload } from '../../../src/storage/apply.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import { snapshotFrames } from '../../../src/storage/snapshot.js';
import type { SnapshotHeader } from '../../../src/storage/snapshot-header.js';
import { Table } from '../../../src/storage/table.js';
import { type FolderOptions, openFolder } from '../../../src/wal/folder.js';
import type { Log } from '../../../src/wal/log.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { InstallWriter, writeCheckpoint } from '../../../src/wal/snapshot-file.js';
import { OPTIONS } from './log-fixture.js';
import { epoch, prepared, reset } from './records.js';

const FOLDER: FolderOptions = { ...OPTIONS, segmentRecords: 7 };
const INSTALLED_TXID = 50;
const LAST_TXID = 60;

/** Every transaction is known by its number alone, and so is the state behind it. */
function payload(txid: number): Buffer {
  const pairs = [[`key${txid % 5}`, Buffer.from(`value ${txid}`)]] as const;
  return encodeCommands([{ op: 'set', pairs }]);
}

const tables: Table[] = [];

function tableAt(txid: number): Table {
  for (let made = tables.length; made <= txid; made += 1) {
    const table = new Table();
    for (let each = 1; each <= made; each += 1) {
      applyPayload(table, payload(each));
    }
    tables.push(table);
  }
  return tables[txid] ?? expect.fail('no such table');
}

function headerAt(txid: number): SnapshotHeader {
  const table = tableAt(txid);
  const { size: keys, bytes } = table;
  return {
    txid,
    epoch: 3,
    chain: 'c',
    digest: table.digest(),
    keys,
    bytes,
    aborted: [],
    lineage: [],
  };
}

function framesAt(txid: number): Buffer[] {
  const snapshot = tableAt(txid).beginSnapshot();
  const frames = [...snapshotFrames(snapshot, headerAt(txid))];
  snapshot.close();
  return frames;
}

/** What the life so far must have left behind. */
interface Progress {
  /** Highest transaction whose COMMIT a flush covered, and the highest that was appended. */
  acked: number;
  appended: number;
  ackedEpoch: number;
  /** Highest transaction that a flush covered the PREPARED of. */
  ackedPrepared: number;
  /** An install has begun to replace the state. */
  replacing: boolean;
}

async function transact(log: Log, progress: Progress, from: number, to: number): Promise<void> {
  for (let txid = from; txid <= to; txid += 1) {
    log.append(prepared(txid, payload(txid)));
    await log.flush();
    progress.ackedPrepared = txid;
    log.append({ kind: 'commit', epoch: 3, txid });
    progress.appended = txid;
    await log.flush();
    progress.acked = txid;
  }
}

async function promise(log: Log, progress: Progress, number: number): Promise<void> {
  log.append(epoch(number));
  await log.flush();
  progress.ackedEpoch = number;
}

/**
 * A checkpoint at this transaction, with the next one in doubt, and traffic while it is written.
 */
async function checkpoint(log: Log, progress: Progress, txid: number): Promise<void> {
  const next = prepared(txid + 1, payload(txid + 1));
  log.append(next);
  await log.flush();
  progress.ackedPrepared = txid + 1;
  const preamble: WalRecord[] = [epoch(progress.ackedEpoch), next];
  const frames = framesAt(txid)[Symbol.iterator]();
  const writing = { done: false };
  const written = writeCheckpoint(log, preamble, frames).finally(() => {
    writing.done = true;
  });
  written.catch(() => undefined);
  log.append({ kind: 'commit', epoch: 3, txid: txid + 1 });
  progress.appended = txid + 1;
  await log.flush();
  progress.acked = txid + 1;
  for (let each = txid + 2; !writing.done; each += 1) await transact(log, progress, each, each);
  await written;
}

async function install(log: Log, progress: Progress): Promise<void> {
  const writer = await InstallWriter.begin(log);
  for (const frame of framesAt(INSTALLED_TXID)) await writer.append([frame]);
  progress.replacing = true;
  const preamble = [reset(INSTALLED_TXID, 'c'), epoch(progress.ackedEpoch)];
  const finished = writer.finish(preamble);
  finished.catch(() => undefined);
  await log.flush();
  await finished;
  progress.replacing = false;
  progress.appended = INSTALLED_TXID;
  progress.acked = INSTALLED_TXID;
  progress.ackedPrepared = INSTALLED_TXID;
}

async function open(disk: Disk): Promise<Log> {
  const folder = await openFolder(disk, FOLDER);
  await folder.replay({ onSnapshot: () => undefined, onRecord: () => undefined });
  return folder.start();
}

async function live(disk: Disk, progress: Progress): Promise<void> {
  const first = await open(disk);
  await first.setIdentity({ clusterId: 'c'.repeat(32), generation: 0, overridden: false });
  await promise(first, progress, 4);
  await transact(first, progress, 1, 4);
  await checkpoint(first, progress, 4);
  await first.close();
  const second = await open(disk);
  await promise(second, progress, 5);
  await checkpoint(second, progress, progress.acked);
  await install(second, progress);
  await transact(second, progress, INSTALLED_TXID + 1, INSTALLED_TXID + 2);
  await second.close();
  const third = await open(disk);
  await checkpoint(third, progress, INSTALLED_TXID + 2);
  await third.close();
}

interface Found {
  readonly committed: number;
  readonly prepared: number;
  readonly digest: string;
  readonly installing: boolean;
  readonly epoch: number;
}

/** What a restart makes of the folder. */
async function recover(disk: Disk): Promise<Found> {
  const folder = await openFolder(disk, FOLDER);
  let table = new Table();
  let committed = 0;
  let newestEpoch = folder.epochHint?.number ?? 0;
  const inDoubt = new Map<number, Buffer>();
  let highest = 0;
  const { installing } = await folder.replay({
    onSnapshot: (header, loaded) => {
      table = loaded;
      committed = header.txid;
    },
    onRecord: (record) => {
      if (record.kind === 'epoch') newestEpoch = Math.max(newestEpoch, record.epoch.number);
      if (record.kind === 'prepared') inDoubt.set(record.txid, record.payload);
      if (record.kind === 'prepared') highest = Math.max(highest, record.txid);
      if (record.kind !== 'commit' || record.txid <= committed) return;
      expect(record.txid, 'commits have no gap').to.equal(committed + 1);
      const bytes = inDoubt.get(record.txid);
      if (bytes === undefined) expect.fail(`transaction ${record.txid} was never prepared`);
      applyPayload(table, bytes);
      committed = record.txid;
    },
  });
  const digest = table.digest();
  const last = Math.max(highest, committed);
  return { committed, prepared: last, digest, installing, epoch: newestEpoch };
}

async function checkAfterCrash(disk: MemoryDisk, progress: Progress, what: string): Promise<void> {
  const found = await recover(disk);
  if (found.installing) {
    expect(progress.replacing, `${what}: installing`).to.equal(true);
  } else {
    const installed = progress.replacing && found.committed === INSTALLED_TXID;
    const { acked, appended } = progress;
    expect(found.committed, what).to.be.at.least(acked);
    if (!installed) expect(found.committed, what).to.be.at.most(appended);
    expect(found.digest, what).to.equal(tableAt(found.committed).digest());
    expect(found.prepared, what).to.be.at.least(progress.ackedPrepared);
  }
  expect(found.epoch, what).to.be.at.least(progress.ackedEpoch);
}

function fresh(): Progress {
  return { acked: 0, appended: 0, ackedEpoch: 0, ackedPrepared: 0, replacing: false };
}

/** Lives until the operation with this number, which does not happen any more. */
async function liveUntil(disk: MemoryDisk, operation: number, progress: Progress): Promise<void> {
  disk.faults = {
    onOperation: (number) => {
      if (number >= operation) throw new Error('power cut');
    },
  };
  const before = disk.operations;
  expect(before).to.equal(0);
  await live(disk, progress).then(
    () => expect.fail('the life ended before its crash'),
    () => undefined,
  );
}

/** A restart, and then the power cut that the death of the process was not. */
async function checkAfterKill(disk: MemoryDisk, progress: Progress, what: string): Promise<void> {
  disk.kill();
  await checkAfterCrash(disk, progress, what);
  const told = await recover(disk);
  await open(disk);
  disk.crash('none');
  await checkAfterCrash(disk, progress, `${what}, then a power cut`);
  expect(await recover(disk), `${what}: what a restart said stays true`).to.deep.equal(told);
}

const DEATHS: Readonly<Record<string, (disk: MemoryDisk, salt: number) => void>> = {
  'a power cut': (disk, salt) => {
    disk.crash(new Prng(salt));
  },
  'a kill': (disk) => {
    disk.kill();
  },
};

const OUTCOMES = ['none', 'all', 1, 2, 3] as const;

function keepOf(outcome: (typeof OUTCOMES)[number], salt: number): 'none' | 'all' | Prng {
  return typeof outcome === 'string' ? outcome : new Prng(outcome * 1000 + salt);
}

describe('wal: crashes', () => {
  let operations = 0;

  before(async () => {
    const disk = new MemoryDisk();
    const progress = fresh();
    await live(disk, progress);
    operations = disk.operations;
    expect(operations).to.be.greaterThan(100);
    expect(progress.acked).to.be.at.most(LAST_TXID);
    disk.crash('none');
    await checkAfterCrash(disk, progress, 'no crash');
    expect((await recover(disk)).committed).to.equal(progress.acked);
  });

  for (const outcome of OUTCOMES) {
    it(`S4, S10, S31, S39, H17: at every operation, disk keeps ${outcome}`, async function () {
      this.timeout(60_000);
      for (let operation = 1; operation <= operations; operation += 1) {
        const disk = new MemoryDisk();
        const progress = fresh();
        await liveUntil(disk, operation, progress);
        disk.crash(keepOf(outcome, operation));
        const what = `before operation ${operation}, keeping ${outcome}`;
        await checkAfterCrash(disk, progress, what);
        const log = await open(disk);
        log.append(epoch(99));
        await log.flush();
        progress.ackedEpoch = 99;
        disk.crash('none');
        await checkAfterCrash(disk, progress, `${what}, second start`);
      }
    });
  }

  it('kill, restart, then power cut, at every operation', async function () {
    this.timeout(60_000);
    for (let operation = 1; operation <= operations; operation += 1) {
      const disk = new MemoryDisk();
      const progress = fresh();
      await liveUntil(disk, operation, progress);
      await checkAfterKill(disk, progress, `killed before operation ${operation}`);
    }
  });

  it('S35: a failed operation, restart, then power cut, at every operation', async function () {
    this.timeout(60_000);
    for (let operation = 1; operation <= operations; operation += 1) {
      const disk = new MemoryDisk();
      const progress = fresh();
      disk.faults = { failAt: operation };
      await live(disk, progress).then(
        () => expect.fail('the life went on after a failed operation'),
        () => undefined,
      );
      await checkAfterKill(disk, progress, `operation ${operation} failed`);
    }
  });

  for (const [death, die] of Object.entries(DEATHS)) {
    it(`S33: at every operation of a recovery, again and again, after ${death}`, async function () {
      this.timeout(60_000);
      for (let operation = 7; operation <= operations; operation += 5) {
        const disk = new MemoryDisk();
        const progress = fresh();
        await liveUntil(disk, operation, progress);
        die(disk, operation);
        let failed = true;
        for (let step = 1; failed; step += 1) {
          const at = disk.operations + step;
          disk.faults = {
            onOperation: (number) => {
              if (number >= at) throw new Error('power cut');
            },
          };
          failed = await open(disk).then(
            () => false,
            () => true,
          );
          die(disk, operation + step);
          const what = `operation ${operation}, recovery step ${step}`;
          await checkAfterCrash(disk, progress, what);
          const left = disk.copy();
          left.crash(new Prng(operation + step));
          await checkAfterCrash(left, progress, `${what}, then a power cut`);
        }
      }
    });
  }
});
