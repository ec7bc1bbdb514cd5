/** Making and removing the reserve beside each other. */
import { expect } from 'chai';
import { RESERVE_FILE } from '../../../src/wal/names.js';
import { Reserve } from '../../../src/wal/reserve.js';
import { DiskError } from '../../../src/ports/disk.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';

describe('wal/reserve', () => {
  const isOn = (disk: MemoryDisk): boolean => disk.contents().has(RESERVE_FILE);

  it('is not there when it was given back while it was made', async () => {
    const disk = new MemoryDisk();
    const reserve = await Reserve.open(disk);
    const made = reserve.restore();
    const removed = reserve.release();
    expect(await made).to.equal(false);
    await removed;
    expect([reserve.isPresent, isOn(disk)]).to.deep.equal([false, false]);
    expect(await reserve.restore()).to.equal(true);
    expect([reserve.isPresent, isOn(disk)]).to.deep.equal([true, true]);
  });

  it('is made once for two who ask for it, and removed once', async () => {
    const disk = new MemoryDisk();
    const operations: string[] = [];
    disk.faults = { onOperation: (_number, what) => void operations.push(what) };
    const reserve = await Reserve.open(disk);
    const made = await Promise.all([reserve.restore(), reserve.restore()]);
    expect(made).to.deep.equal([true, true]);
    await Promise.all([reserve.release(), reserve.release()]);
    const count = (what: string): number =>
      operations.filter((each) => each === `${what} ${RESERVE_FILE}`).length;
    expect([count('create'), count('remove')]).to.deep.equal([1, 1]);
  });

  it('is removed also after it could not be made', async () => {
    const disk = new MemoryDisk();
    const reserve = await Reserve.open(disk);
    disk.faults = {
      onOperation: (_number, what) => {
        if (what.startsWith('sync')) throw new DiskError('io', 'input/output error');
      },
    };
    const made = reserve.restore().catch((error: unknown) => String(error));
    expect(await made).to.include('input/output error');
    disk.faults = {};
    await reserve.release();
    expect(isOn(disk)).to.equal(false);
  });

  it('is not made again before that is done for which it was given back', async () => {
    const disk = new MemoryDisk();
    const reserve = await Reserve.open(disk);
    await reserve.restore();
    const made: Promise<boolean>[] = [];
    const wasThere: boolean[] = [];
    await reserve.release(async () => {
      made.push(reserve.restore());
      await disk.list();
      wasThere.push(isOn(disk));
    });
    expect(wasThere).to.deep.equal([false]);
    expect(await Promise.all(made)).to.deep.equal([true]);
  });
});
