import { expect } from 'chai';
import { MemoryDisk, type MemoryDiskFaults } from '../../helpers/memory-disk.js';
import { DiskError } from '../../../src/ports/disk.js';
import { LogFailedError, LogFullError } from '../../../src/wal/errors.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { RESERVE_BYTES } from '../../../src/wal/reserve.js';
import { begin, rejection, replay } from './log-fixture.js';
import { commit, epoch, oneOfEach, prepared, state } from './records.js';

/** Of all files together. */
function bytesOn(disk: MemoryDisk): number {
  return [...disk.contents().values()].reduce((sum, bytes) => sum + bytes.length, 0);
}

describe('wal/log: full disk', () => {
  let disk: MemoryDisk;

  beforeEach(() => {
    disk = new MemoryDisk();
  });

  it('S36: pieces of a large value never take the space of the reserve', async () => {
    const log = await begin(disk);
    const used = bytesOn(disk);
    disk.faults = { capacity: used };
    log.append(prepared(1));
    expect(await rejection(log.flush())).to.be.instanceOf(LogFullError);
    const [piece] = oneOfEach().filter(({ kind }) => kind === 'piece');
    if (piece === undefined) expect.fail('there is such a record');
    log.append(piece);
    expect(await rejection(log.flush())).to.include({ code: 'log-full', fromLsn: 2 });
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal([]);
  });

  it('S36: the meta file gets the room of the reserve when only that is missing', async () => {
    for (const [spare, ends] of [
      [RESERVE_BYTES, 'written'],
      [0, 'failed'],
    ] as const) {
      disk = new MemoryDisk();
      const log = await begin(disk);
      const full = (): number => bytesOn(disk);
      let isReserveGone = false;
      const faults: MemoryDiskFaults = {
        onOperation: (_number, what) => {
          isReserveGone ||= what.startsWith('remove reserve');
          if (what.includes('meta')) faults.capacity = isReserveGone ? spare * 10 : full();
        },
      };
      disk.faults = faults;
      log.append(epoch(9));
      const flushed = log.flush();
      if (ends === 'failed') {
        const error = await rejection(flushed);
        expect(error).to.be.instanceOf(LogFailedError);
        expect(error.message).to.match(/the meta file could not be written: .*no space left/);
        continue;
      }
      await flushed;
      expect(log.isFull, 'until the reserve is made again').to.equal(true);
      disk.faults = {};
      disk.crash('none');
      expect((await replay(disk)).folder.epochHint).to.deep.include({ number: 9 });
    }
  });

  it('S36: no room for the name of the reserve is no failure either', async () => {
    const log = await begin(disk);
    const used = bytesOn(disk);
    disk.faults = { capacity: used };
    log.append(prepared(1));
    expect(await rejection(log.flush())).to.be.instanceOf(LogFullError);
    disk.faults = { maxFiles: disk.contents().size };
    log.append(prepared(1));
    expect(await rejection(log.flush())).to.be.instanceOf(LogFullError);
    disk.faults = {};
    log.append(prepared(1));
    await log.flush();
    expect(log.isFull).to.equal(false);
  });

  it('S36: a full disk costs the promises, not the outcomes, and what was there stays', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const used = bytesOn(disk);
    disk.faults = { capacity: used + 100 };
    log.append(commit(1));
    log.append(epoch(9));
    log.append(prepared(2, Buffer.alloc(RESERVE_BYTES * 2)));
    log.append({ kind: 'abort', epoch: 3, txid: 2 });
    const error = await rejection(log.flush());
    expect(error).to.be.instanceOf(LogFullError);
    expect(error).to.include({ fromLsn: 4, lsn: 5 });
    expect(log.isFull).to.equal(true);
    expect(log.syncedLsn).to.equal(5);
    log.append(prepared(2, Buffer.alloc(RESERVE_BYTES * 2)));
    expect(await rejection(log.flush())).to.include({ fromLsn: 6, lsn: 6 });
    log.append(commit(3));
    expect(await log.flush()).to.equal(7);
    disk.faults = {};
    log.append(prepared(4));
    expect(await log.flush()).to.equal(8);
    expect(log.isFull).to.equal(false);
    disk.crash('none');
    const { records, folder } = await replay(disk);
    const abort = { kind: 'abort' as const, epoch: 3, txid: 2 };
    expect(records).to.deep.equal([
      prepared(1),
      commit(1),
      epoch(9),
      abort,
      commit(3),
      prepared(4),
    ]);
    expect(folder.epochHint?.number).to.equal(9);
  });

  it('drops also the outcomes of what it drops', async () => {
    const log = await begin(disk);
    const used = bytesOn(disk);
    disk.faults = { capacity: used + 10 };
    const large = Buffer.alloc(RESERVE_BYTES * 2);
    for (const record of [prepared(1, large), commit(1), epoch(9), prepared(2), commit(2)]) {
      log.append(record);
    }
    const error = await rejection(log.flush());
    expect(error).to.include({ fromLsn: 1, lsn: 5 });
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal([epoch(9)]);
  });

  it('drops pieces of a payload, not the word that they are void', async () => {
    const piece = (total: number): WalRecord => {
      const bytes = Buffer.alloc(total, 'x');
      return { kind: 'piece', stage: '1.1', offset: 0, total, bytes };
    };
    const log = await begin(disk);
    log.append(piece(100));
    await log.flush();
    const used = bytesOn(disk);
    disk.faults = { capacity: used };
    log.append(piece(RESERVE_BYTES / 2));
    log.append(piece(0));
    expect(await rejection(log.flush())).to.include({ fromLsn: 2 });
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal([piece(100), piece(0)]);
  });

  it('drops promises that were appended while it made room', async () => {
    const log = await begin(disk);
    const used = bytesOn(disk);
    disk.faults = { capacity: used };
    log.append(prepared(1, Buffer.alloc(RESERVE_BYTES * 2)));
    const flushed = rejection(log.flush());
    log.append(prepared(2));
    log.append(commit(0));
    expect(await flushed).to.include({ fromLsn: 1, lsn: 3 });
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal([commit(0)]);
  });

  it('gives up a roll when the disk is full and goes on in its segment', async () => {
    const log = await begin(disk);
    const used = bytesOn(disk);
    disk.faults = { capacity: used + 50 };
    const rolled = rejection(log.roll([state(1)]));
    log.append(commit(1));
    expect(await log.flush()).to.equal(1);
    expect(await rolled).to.include({ code: 'snapshot-full' });
    expect(log.segment).to.equal(1);
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal([commit(1)]);
  });

  it('ends when not even the reserve is enough', async () => {
    const log = await begin(disk);
    const used = bytesOn(disk);
    disk.faults = { capacity: used - RESERVE_BYTES };
    log.append(commit(1));
    expect(await rejection(log.flush())).to.be.instanceOf(LogFailedError);
  });

  it('starts on a full disk by means of the reserve', async () => {
    const first = await begin(disk);
    first.append(prepared(1));
    await first.flush();
    const used = bytesOn(disk);
    disk.faults = { capacity: used };
    const log = await begin(disk);
    expect(log.isFull).to.equal(true);
    log.append(commit(1));
    await log.flush();
    expect((await replay(disk)).records).to.deep.equal([prepared(1), commit(1)]);
  });

  it('ends when what found no room cannot be taken back for want of room either', async () => {
    for (const [what, roll] of [
      ['truncate 00000001.log', false],
      ['remove 00000002.log', true],
    ] as const) {
      disk = new MemoryDisk();
      const log = await begin(disk);
      log.append(commit(1));
      await log.flush();
      const used = bytesOn(disk);
      disk.faults = {
        capacity: used + 50,
        onOperation: (_number, operation) => {
          if (operation === what) throw new DiskError('full', 'no space left');
        },
      };
      const rolled = roll ? rejection(log.roll([state(1)])) : null;
      log.append(prepared(2, Buffer.alloc(RESERVE_BYTES * 2)));
      const error = await rejection(log.flush());
      expect(error, what).to.be.instanceOf(LogFailedError);
      expect(error.message).to.include('the disk is full, and what was begun cannot be taken back');
      if (rolled !== null) expect(await rolled).to.equal(error);
      disk.crash('all');
      expect((await replay(disk)).records).to.deep.equal([commit(1)]);
    }
  });

  it('makes the reserve again also where nothing is ever promised, now and then', async () => {
    const log = await begin(disk);
    const used = bytesOn(disk);
    disk.faults = { capacity: used };
    const outcomes = async (count: number): Promise<void> => {
      for (let txid = 1; txid <= count; txid += 1) {
        log.append(commit(txid));
        await log.flush();
      }
    };
    await outcomes(1);
    expect(log.isFull).to.equal(true);
    disk.faults = { maxFiles: disk.contents().size };
    await outcomes(128);
    expect(log.isFull, 'there is no room').to.equal(true);
    disk.faults = {};
    await outcomes(64);
    expect(log.isFull).to.equal(false);
  });
});
