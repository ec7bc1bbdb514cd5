import { expect } from 'chai';
import { DiskError } from '../../../src/ports/disk.js';
import { chunksOf } from '../../../src/wal/read-ahead.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';

describe('wal/read-ahead', () => {
  const content = Buffer.from('0123456789');
  let disk: MemoryDisk;
  const asked: number[] = [];

  beforeEach(async () => {
    disk = new MemoryDisk();
    asked.length = 0;
    const file = await disk.create('f');
    await file.append([content]);
    const read = disk.read.bind(disk);
    disk.read = (name, offset, length) => {
      asked.push(offset);
      return read(name, offset, length);
    };
  });

  it('tells all bytes from a place on, and reads one chunk ahead', async () => {
    const told: string[] = [];
    for await (const chunk of chunksOf(disk, 'f', 1, 4))
      told.push(`${asked.join()} ${chunk.toString()}`);
    expect(told).to.deep.equal(['1,5 1234', '1,5,9 5678', '1,5,9,10 9']);
  });

  it('fails where the chunk that cannot be read would have come', async () => {
    const told: string[] = [];
    const failure = new DiskError('io', 'cannot read f');
    const all = (async () => {
      for await (const chunk of chunksOf(disk, 'f', 0, 4)) {
        told.push(chunk.toString());
        disk.read = () => Promise.reject(failure);
      }
    })();
    expect(await all.catch((error: unknown) => error)).to.equal(failure);
    expect(told).to.deep.equal(['0123', '4567']);
  });

  it('lets whoever has read enough go, whatever becomes of what was read ahead', async () => {
    const failure = new DiskError('io', 'cannot read f');
    const read = disk.read.bind(disk);
    disk.read = (name, offset, length) =>
      offset === 0 ? read(name, offset, length) : Promise.reject(failure);
    for await (const chunk of chunksOf(disk, 'f', 0, 4)) {
      expect(chunk.toString()).to.equal('0123');
      break;
    }
    await new Promise((resolve) => setImmediate(resolve));
  });
});
