import { expect } from 'chai';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { RotError, SnapshotFullError } from '../../../src/wal/errors.js';
import { SEGMENT_HEADER_BYTES } from '../../../src/wal/format.js';
import { InstallWriter, writeCheckpoint } from '../../../src/wal/snapshot-file.js';
import { TableDamagedError } from '../../../src/storage/snapshot-sum.js';
import { OPTIONS, begin, payloadOf, rejection, replay, tableWith } from './log-fixture.js';
import { commit, epoch, prepared, reset, view } from './records.js';

describe('wal/snapshot-file', () => {
  let disk: MemoryDisk;

  beforeEach(() => {
    disk = new MemoryDisk();
  });

  function framesWith(keys: readonly string[]): Iterator<Buffer> {
    return tableWith(keys).frames[Symbol.iterator]();
  }

  function capacityLeft(bytes: number): void {
    const used = [...disk.contents().values()].reduce((sum, content) => sum + content.length, 0);
    disk.faults = { capacity: used + bytes };
  }

  it('replaces older segments by a snapshot while the log goes on', async () => {
    const log = await begin(disk);
    log.append(prepared(1, payloadOf('a')));
    log.append(commit(1));
    const { frames, header, table } = tableWith(['a']);
    const written = writeCheckpoint(log, [epoch(4)], frames[Symbol.iterator]());
    log.append(prepared(2, payloadOf('b')));
    await log.flush();
    await written;
    expect(log.baseSegment).to.equal(2);
    expect(log.logRecords).to.equal(2);
    expect(await disk.list()).to.deep.equal([
      '00000002.log',
      'meta.0',
      'meta.1',
      'reserve',
      'snapshot-00000002',
    ]);
    disk.crash('none');
    const { snapshot, records } = await replay(disk);
    expect(snapshot?.header).to.deep.equal(header);
    expect(snapshot?.table.digest()).to.equal(table.digest());
    expect(records).to.deep.equal([epoch(4), prepared(2, payloadOf('b'))]);
  });

  it('pauses behind each frame of a snapshot', async () => {
    const log = await begin(disk);
    const keys = Array.from({ length: 20_000 }, (_, index) => `a rather long key ${index}`);
    const { frames } = tableWith(keys);
    let pauses = 0;
    const written = writeCheckpoint(log, [epoch(4)], frames[Symbol.iterator](), () => {
      pauses += 1;
      return Promise.resolve();
    });
    await log.flush();
    await written;
    expect(pauses).to.equal(frames.length);
    expect((await replay(disk)).snapshot?.table.size).to.equal(keys.length);
  });

  it('S32: the newest of two checkpoints counts', async () => {
    const log = await begin(disk);
    for (const keys of [['a'], ['a', 'b']]) {
      const written = writeCheckpoint(log, [epoch(4)], framesWith(keys));
      await log.flush();
      await written;
    }
    expect((await replay(disk)).snapshot?.table.size).to.equal(2);
    expect((await disk.list()).filter((name) => name.startsWith('snapshot'))).to.have.lengthOf(1);
  });

  it('S36: gives up a checkpoint for which there is no room, and loses nothing', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
    capacityLeft(5000);
    const written = rejection(writeCheckpoint(log, [epoch(4)], framesWith(keys)));
    log.append(commit(1));
    await log.flush();
    expect(await written).to.be.instanceOf(SnapshotFullError);
    expect(await disk.list()).to.not.include('checkpoint.tmp');
    expect(log.failed).to.equal(null);
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal([prepared(1), epoch(4), commit(1)]);
  });

  it('H13: a snapshot of damaged memory does not replace the log', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    function* damaged(): Generator<Buffer, void> {
      yield* tableWith(['a']).frames.slice(0, 2);
      throw new TableDamagedError('planted');
    }
    const written = rejection(writeCheckpoint(log, [epoch(4)], damaged()));
    log.append(commit(1));
    await log.flush();
    expect(await written).to.be.instanceOf(TableDamagedError);
    expect(log.failed).to.equal(null);
    expect(await disk.list()).to.not.include('checkpoint.tmp');
    disk.crash('none');
    const { records, snapshot } = await replay(disk);
    expect(snapshot).to.equal(null);
    expect(records).to.deep.equal([prepared(1), epoch(4), commit(1)]);
  });

  it('H17: an install replaces everything', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const { frames, header } = tableWith(['x', 'y'], 9);
    const install = await InstallWriter.begin(log);
    await install.append(frames);
    const finished = install.finish([reset(9), view(2)]);
    log.append(prepared(10, payloadOf('z')));
    await log.flush();
    await finished;
    disk.crash('none');
    const { records, snapshot, outcome } = await replay(disk);
    expect(snapshot?.header).to.deep.equal(header);
    expect(records).to.deep.equal([reset(9), view(2), prepared(10, payloadOf('z'))]);
    expect(outcome.installing).to.equal(false);
    expect(await disk.list()).to.not.include('00000001.log');
  });

  it('H17: without its snapshot a reset leaves a folder that counts as empty but keeps promises', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const rolled = log.roll([reset(9), view(2), prepared(10)], { essential: true });
    log.append(epoch(8));
    await log.flush();
    await rolled;
    disk.crash('none');
    const { records, outcome, folder } = await replay(disk);
    expect(outcome.installing).to.equal(true);
    expect(records).to.deep.equal([view(2), epoch(8)]);
    await folder.start();
    expect(await disk.list()).to.not.include('00000001.log');
    expect((await replay(disk)).outcome.installing).to.equal(true);
  });

  it('an install that was discarded, or for which there is no room, changes nothing', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const { frames } = tableWith(Array.from({ length: 1000 }, (_, index) => `key ${index}`));
    const install = await InstallWriter.begin(log);
    capacityLeft(2000);
    expect(await rejection(install.append(frames))).to.be.instanceOf(SnapshotFullError);
    await install.discard();
    expect(await disk.list()).to.not.include('install.tmp');
    expect((await replay(disk)).records).to.deep.equal([prepared(1)]);
  });

  it('an install that overtakes a checkpoint wins', async () => {
    const log = await begin(disk);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const written = writeCheckpoint(log, [epoch(4)], framesWith(['old']), () => gate);
    await log.flush();
    const { frames, header } = tableWith(['new', 'newer'], 9);
    const install = await InstallWriter.begin(log);
    await install.append(frames);
    const finished = install.finish([reset(9)]);
    await log.flush();
    await finished;
    release();
    await written;
    expect((await replay(disk)).snapshot?.header).to.deep.equal(header);
    expect((await disk.list()).filter((name) => name.startsWith('snapshot'))).to.have.lengthOf(1);
  });

  it('H17: the segment of a snapshot is rot without the flush that began it', async () => {
    const log = await begin(disk);
    const written = writeCheckpoint(log, [epoch(4), prepared(2)], framesWith(['a']));
    await log.flush();
    await written;
    const name = '00000002.log';
    const size = await disk.size(name);
    expect((await replay(disk)).records).to.deep.equal([epoch(4), prepared(2)]);
    for (const end of [0, SEGMENT_HEADER_BYTES - 1, SEGMENT_HEADER_BYTES, size - 60, size - 1]) {
      const copy = disk.clone();
      copy.plant(name, (await disk.read(name, 0, size)).subarray(0, end));
      expect(await rejection(replay(copy)), `${end}`).to.include({ code: 'rot', file: name });
    }
  });

  it('a snapshot of another store is refused by name, one of an early release is read', async () => {
    const name = 'snapshot-00000002';
    const checkpointed = async (options: typeof OPTIONS): Promise<MemoryDisk> => {
      const made = new MemoryDisk();
      const log = await begin(made, options);
      const written = writeCheckpoint(log, [epoch(4)], framesWith(['a', 'b']));
      await log.flush();
      await written;
      return made;
    };
    const own = await checkpointed(OPTIONS);
    const storeId = 'f'.repeat(32);
    const other = await checkpointed({ ...OPTIONS, newStoreId: () => storeId });
    own.plant(name, await other.read(name, 0, await other.size(name)));
    const error = await rejection(replay(own));
    expect(error).to.be.instanceOf(RotError).and.include({ file: name, offset: 0 });
    expect(String(error)).to.include(`this is a snapshot of store ${storeId}`);
    own.plant(name, Buffer.concat(tableWith(['a']).frames));
    expect((await replay(own)).snapshot?.table.size).to.equal(1);
  });

  it('every changed byte of a snapshot is noticed, with the place', async () => {
    const log = await begin(disk, OPTIONS);
    const written = writeCheckpoint(log, [epoch(4)], framesWith(['a', 'b']));
    await log.flush();
    await written;
    const name = 'snapshot-00000002';
    const size = await disk.size(name);
    for (let offset = 0; offset < size; offset += 1) {
      const copy = disk.clone();
      copy.flip(name, offset, 1 << (offset % 8));
      const error = await rejection(replay(copy));
      expect(error, `byte ${offset}`).to.be.instanceOf(RotError).and.include({ file: name });
    }
    for (const end of [0, 5, 20, size - 1]) {
      const copy = disk.clone();
      copy.plant(name, (await disk.read(name, 0, size)).subarray(0, end));
      expect(await rejection(replay(copy))).to.be.instanceOf(RotError);
    }
  });
});
