/** When a running machine's log is flushed, and what its owner is told. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { WalRecord } from '../../../src/wal/record.js';
import { GroupCommit, LAZY_SYNC_MS } from '../../../src/wal/group-commit.js';
import type { Log } from '../../../src/wal/log.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { begin } from './log-fixture.js';

const RECORD: WalRecord = { kind: 'commit', epoch: 1, txid: 1 };
const PROMISE: WalRecord = {
  kind: 'prepared',
  epoch: 1,
  txid: 1,
  view: 1,
  payload: Buffer.from('p'),
  stage: '',
  length: 1,
  crc: 0,
};

class Bench {
  now = 0;
  readonly told: string[] = [];
  readonly commit: GroupCommit;

  constructor(
    readonly log: Log,
    readonly disk: MemoryDisk,
  ) {
    const clock = { now: () => this.now, setAlarm: () => undefined };
    this.commit = new GroupCommit(log, clock, {
      synced: (lsn) => this.told.push(`synced ${lsn}`),
      dropped: (from) => this.told.push(`dropped from ${from}`),
      failed: (error) => this.told.push(`failed: ${error.message}`),
    });
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  }
}

async function makeBench(): Promise<Bench> {
  const disk = new MemoryDisk();
  return new Bench(await begin(disk), disk);
}

/** On a log that holds a record of an earlier owner, and then one of its own. */
async function makeBenchBehindAnother(): Promise<Bench> {
  const disk = new MemoryDisk();
  const log = await begin(disk);
  log.append(RECORD);
  await log.flush();
  const bench = new Bench(log, disk);
  bench.commit.append([RECORD]);
  await bench.commit.finish();
  return bench;
}

describe('a group commit', () => {
  it('flushes at once what somebody waits for, in one sync for all of it', async () => {
    const bench = await makeBench();
    const { syncs } = bench.disk;
    bench.commit.append([RECORD, RECORD]);
    bench.commit.append([RECORD]);
    bench.commit.hurry();
    bench.commit.advance();
    await bench.settle();
    expect(bench.told).to.deep.equal(['synced 3']);
    expect(bench.disk.syncs).to.equal(syncs + 1);
    expect(bench.commit.syncMicros.count).to.equal(1);
  });

  it('lets what nobody waits for lie for a moment', async () => {
    const bench = await makeBench();
    bench.commit.append([RECORD]);
    bench.commit.advance();
    await bench.settle();
    expect(bench.told).to.deep.equal([]);
    expect(bench.commit.nextFlushAt).to.equal(LAZY_SYNC_MS);
    bench.now = LAZY_SYNC_MS;
    bench.commit.advance();
    await bench.settle();
    expect(bench.told).to.deep.equal(['synced 1']);
    expect(bench.commit.nextFlushAt).to.equal(Infinity);
  });

  it('flushes again what came meanwhile, only if somebody waits for it', async () => {
    const bench = await makeBench();
    bench.commit.append([RECORD]);
    bench.commit.hurry();
    bench.commit.advance();
    bench.commit.append([RECORD]);
    bench.commit.hurry();
    bench.commit.advance();
    await bench.settle();
    expect(bench.told).to.deep.equal(['synced 1']);
    bench.commit.advance();
    await bench.settle();
    expect(bench.told).to.deep.equal(['synced 1', 'synced 2']);
    bench.commit.hurry();
    bench.commit.advance();
    await bench.settle();
    expect(bench.told).to.deep.equal(['synced 1', 'synced 2']);
  });

  it('makes an identity durable before anything that was appended with it', async () => {
    const bench = await makeBench();
    bench.commit.append([RECORD]);
    bench.commit.adopt({ clusterId: 'c'.repeat(32), generation: 3, overridden: false });
    bench.commit.hurry();
    const done: string[] = [];
    bench.disk.faults.onOperation = (_number, what) => done.push(what);
    bench.commit.advance();
    await bench.settle();
    const [first] = done.filter((what) => what.startsWith('sync '));
    expect(first).to.match(/^sync meta/);
    expect(bench.log.identity).to.include({ clusterId: 'c'.repeat(32), generation: 3 });
    expect(bench.told).to.deep.equal(['synced 1']);
  });

  it('makes one durable that is adopted while it waits for another', async () => {
    const bench = await makeBench();
    const identity = { clusterId: 'c'.repeat(32), overridden: false };
    const done: string[] = [];
    bench.disk.faults.onOperation = (_number, what) => done.push(what);
    bench.commit.adopt({ ...identity, generation: 3 });
    bench.commit.advance();
    bench.commit.append([RECORD]);
    bench.commit.adopt({ ...identity, generation: 4 });
    bench.commit.hurry();
    await bench.settle();
    const syncs = done.filter((what) => what.startsWith('sync '));
    expect(syncs.map((what) => what.slice(0, 9))).to.deep.equal([
      'sync meta',
      'sync meta',
      'sync 0000',
    ]);
    expect(bench.log.identity.generation).to.equal(4);
    expect(bench.told).to.include('synced 1');
  });

  it('counts the records of its owner only', async () => {
    const bench = await makeBenchBehindAnother();
    expect(bench.told).to.deep.equal(['synced 1']);
  });

  it('says at once from where on a full disk drops, and then how far the rest is', async () => {
    const bench = await makeBenchBehindAnother();
    const used = [...bench.disk.contents().values()].reduce((sum, file) => sum + file.length, 0);
    bench.disk.faults.capacity = used;
    bench.commit.append([PROMISE]);
    bench.commit.hurry();
    bench.commit.advance();
    await bench.settle();
    expect(bench.told).to.deep.equal(['synced 1', 'dropped from 2', 'synced 2']);
  });

  it('tells of a failure once, and nothing after it', async () => {
    const bench = await makeBench();
    bench.disk.faults.failAt = bench.disk.operations + 1;
    bench.commit.append([RECORD]);
    await bench.commit.finish();
    expect(bench.told).to.have.length(1);
    expect(bench.told[0]).to.match(/^failed: .*planted/);
    bench.commit.append([RECORD]);
    await bench.commit.finish();
    expect(bench.told).to.have.length(1);
  });
});
