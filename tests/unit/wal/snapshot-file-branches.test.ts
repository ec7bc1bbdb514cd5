/** Large snapshots, and files that a process left which died. */
import { expect } from 'chai';
import { SnapshotFullError } from '../../../src/wal/errors.js';
import { writeCheckpoint } from '../../../src/wal/snapshot-file.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { begin, rejection, replay, tableWith } from './log-fixture.js';
import { epoch } from './records.js';

describe('wal/snapshot-file: many bytes and old files', () => {
  it('syncs a large snapshot piece by piece', async () => {
    const syncsFor = async (keys: readonly string[]): Promise<number> => {
      const disk = new MemoryDisk();
      const log = await begin(disk);
      const { frames } = tableWith(keys);
      const before = disk.syncs;
      const written = writeCheckpoint(log, [epoch(4)], frames[Symbol.iterator]());
      await log.flush();
      await written;
      return disk.syncs - before;
    };
    const long = 'k'.repeat(200_000);
    const keys = Array.from({ length: 50 }, (_, index) => `${index} ${long}`);
    expect((await syncsFor(keys)) - (await syncsFor(['a']))).to.be.greaterThan(0);
  });

  it('replaces what an earlier checkpoint left that failed half way', async () => {
    const disk = new MemoryDisk();
    const log = await begin(disk);
    disk.plant('checkpoint.tmp', Buffer.from('left over'));
    const { frames, header } = tableWith(['a']);
    const written = writeCheckpoint(log, [epoch(4)], frames[Symbol.iterator]());
    await log.flush();
    await written;
    expect((await replay(disk)).snapshot?.header).to.deep.equal(header);
    expect(await disk.list()).to.not.include('checkpoint.tmp');
  });

  it('S36: gives a checkpoint up whose frames found room, and whose segment finds none', async () => {
    const disk = new MemoryDisk();
    const log = await begin(disk);
    const { frames } = tableWith(['a']);
    const written = writeCheckpoint(log, [epoch(4)], frames[Symbol.iterator]());
    const isSynced = (): boolean => disk.contents().has('checkpoint.tmp') && disk.syncs > syncs;
    const { syncs } = disk;
    while (!isSynced()) await Promise.resolve();
    disk.faults = { maxFiles: disk.contents().size };
    await log.flush();
    expect(await rejection(written)).to.be.instanceOf(SnapshotFullError);
    expect(await disk.list())
      .to.include('00000001.log')
      .and.not.include('checkpoint.tmp')
      .and.not.include('00000002.log');
    expect(log.failed).to.equal(null);
  });
});
