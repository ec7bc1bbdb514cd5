/** Folders from which somebody took whole files, or which a later release has written. */
import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import { FolderError, RotError } from '../../../src/wal/errors.js';
import { META_SLOTS } from '../../../src/wal/names.js';
import { writeCheckpoint } from '../../../src/wal/snapshot-file.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { OPTIONS, begin, rejection, replay, tableWith } from './log-fixture.js';
import { commit, epoch } from './records.js';

/** Three segments, two records each, of a folder that has promised an epoch. */
async function usedFolder(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await begin(disk, { ...OPTIONS, segmentRecords: 2 });
  log.append(epoch(3));
  for (let txid = 1; txid <= 6; txid += 1) {
    log.append(commit(txid));
    await log.flush();
  }
  return disk;
}

describe('wal/folder: files that somebody removed', () => {
  it('a segment between others is missing', async () => {
    const disk = await usedFolder();
    await disk.remove('00000002.log');
    const error = await rejection(replay(disk));
    expect(error).to.be.instanceOf(RotError);
    expect(error).to.include({ code: 'rot', file: '00000002.log' });
    expect(error.message).to.contain('this segment is missing');
  });

  it('the whole log is missing of a folder that has promised something', async () => {
    const disk = await usedFolder();
    for (const name of await disk.list()) if (name.endsWith('.log')) await disk.remove(name);
    const error = await rejection(replay(disk));
    expect(error).to.be.instanceOf(RotError);
    expect(error.message).to.contain('the log is missing');
  });

  it('a snapshot is there without the segment that it belongs to', async () => {
    const disk = new MemoryDisk();
    const log = await begin(disk);
    log.append(commit(1));
    await log.flush();
    const { frames } = tableWith(['a']);
    const written = writeCheckpoint(log, [epoch(4)], frames[Symbol.iterator]());
    await log.flush();
    await written;
    await disk.remove('00000002.log');
    const error = await rejection(replay(disk));
    expect(error).to.include({ code: 'rot', file: '00000002.log' });
    expect(error.message).to.contain('missing beside snapshot-00000002');
  });

  it('a snapshot that cannot be read is no rot: the disk is to blame', async () => {
    const disk = new MemoryDisk();
    const log = await begin(disk);
    log.append(commit(1));
    const { frames } = tableWith(['a']);
    const written = writeCheckpoint(log, [epoch(4)], frames[Symbol.iterator]());
    await log.flush();
    await written;
    const read = disk.read.bind(disk);
    disk.read = (name, offset, length) =>
      name.startsWith('snapshot') ? Promise.reject(new Error('EIO')) : read(name, offset, length);
    const error = await rejection(replay(disk));
    expect(error).to.not.be.instanceOf(RotError);
    expect(error.message).to.equal('EIO');
  });
});

describe('wal/meta-file: a later release', () => {
  it('is named, and the folder is left as it is', async () => {
    const disk = await usedFolder();
    for (const name of META_SLOTS) {
      const json = '{"what":"only that release knows"}';
      const crc = crc32(`2 9 ${json}`).toString(16).padStart(8, '0');
      disk.plant(name, Buffer.from(`KV2PCMETA 2 9 ${crc}\n${json}`));
    }
    const before = disk.contents();
    const error = await rejection(replay(disk));
    expect(error).to.be.instanceOf(FolderError).and.include({ code: 'newer-format' });
    expect(error.message).to.contain('written by a later release (format 2)');
    expect(disk.contents()).to.deep.equal(before);
  });
});
