import { expect } from 'chai';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { AssertionError } from '../../../src/base/assert.js';
import { FolderError, LogFailedError, RotError } from '../../../src/wal/errors.js';
import { OPTIONS, STORE_ID, begin, rejection, replay } from './log-fixture.js';
import { commit, epoch, oneOfEach, prepared, reset, state, view } from './records.js';

describe('wal/log', () => {
  let disk: MemoryDisk;

  beforeEach(() => {
    disk = new MemoryDisk();
  });

  it('makes the identity of a new folder durable before it is told', async () => {
    const { folder, records } = await replay(disk);
    expect(folder.fresh).to.equal(true);
    expect(records).to.deep.equal([]);
    const identity = { role: 'participant', storeId: STORE_ID, clusterId: '', generation: 0 };
    expect(folder.identity).to.deep.equal(identity);
    disk.crash('none');
    const again = await replay(disk, { ...OPTIONS, newStoreId: () => 'another' });
    expect(again.folder.fresh).to.equal(false);
    expect(again.folder.identity).to.deep.equal(identity);
  });

  it('numbers records from 1 and finds all of them again after a flush', async () => {
    const log = await begin(disk);
    expect(oneOfEach().map((record) => log.append(record))).to.deep.equal(
      oneOfEach().map((_, index) => index + 1),
    );
    expect(log.syncedLsn).to.equal(0);
    expect(await log.flush()).to.equal(oneOfEach().length);
    expect(log.syncedLsn).to.equal(log.appendedLsn);
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal(oneOfEach());
  });

  it('S3: flushes any number of records with one append and one sync', async () => {
    const log = await begin(disk);
    for (let txid = 1; txid <= 100; txid += 1) log.append(prepared(txid));
    const { operations, syncs } = disk;
    await log.flush();
    expect(disk.operations - operations).to.equal(2);
    expect(disk.syncs - syncs).to.equal(1);
  });

  it('covers only what was appended before the flush began', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    const flushed = log.flush();
    log.append(prepared(2));
    expect(await flushed).to.equal(1);
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal([prepared(1)]);
  });

  it('allows one flush at a time', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    const first = log.flush();
    expect(await rejection(log.flush())).to.be.instanceOf(AssertionError);
    await first;
  });

  it('keeps epoch, view and identity in the meta file, through the loss of the log', async () => {
    const log = await begin(disk);
    for (const record of [epoch(3), view(1), epoch(4), view(2)]) log.append(record);
    await log.flush();
    await log.setIdentity({ clusterId: 'c'.repeat(32), generation: 3, overridden: false });
    disk.crash('none');
    disk.plant('00000001.log', Buffer.alloc(0));
    const { folder } = await replay(disk);
    expect(folder.epochHint).to.deep.equal({ number: 4, nonce: 'nonce4' });
    expect(folder.viewHint?.number).to.equal(2);
    expect(folder.identity.clusterId).to.equal('c'.repeat(32));
    expect(folder.identity.generation).to.equal(3);
  });

  it('knows that what it holds was overridden, whatever ended meanwhile', async () => {
    const log = await begin(disk);
    let release = (): void => undefined;
    const ready = new Promise<void>((resolve) => (release = resolve));
    const rolled = log.roll([reset(0), epoch(4)], { ready, essential: true });
    const flushed = log.flush();
    await log.setIdentity({ clusterId: 'c', generation: 1, overridden: true });
    release();
    await flushed;
    await rolled;
    disk.crash('none');
    expect((await replay(disk)).folder.isOverridden).to.equal(true);
    const next = await begin(disk);
    await next.setIdentity({ clusterId: 'c', generation: 1, overridden: false });
    disk.crash('none');
    expect((await replay(disk)).folder.isOverridden).to.equal(false);
  });

  it('survives one damaged copy of the meta file, and names two as damage', async () => {
    const log = await begin(disk);
    log.append(epoch(4));
    await log.flush();
    for (const damaged of [['meta.0'], ['meta.1'], ['meta.0', 'meta.1']]) {
      const copy = disk.clone();
      for (const name of damaged) copy.flip(name, 60);
      if (damaged.length === 1) expect((await replay(copy)).records).to.deep.equal([epoch(4)]);
      else expect(await rejection(replay(copy))).to.be.instanceOf(RotError);
    }
  });

  it('S39, S31: begins a new segment when one has grown, and syncs its name first', async () => {
    const log = await begin(disk, { ...OPTIONS, segmentRecords: 3 });
    for (let txid = 1; txid <= 8; txid += 1) {
      log.append(prepared(txid));
      await log.flush();
    }
    expect(log.segment).to.equal(3);
    expect(log.logRecords).to.equal(8);
    disk.crash('none');
    const { records, outcome } = await replay(disk);
    expect(records.map((record) => ('txid' in record ? record.txid : 0))).to.deep.equal([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect(outcome.segments).to.equal(3);
  });

  it('begins a segment with a preamble where it was asked to, not at the next flush', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    const rolled = log.roll([state(1)]);
    log.append(prepared(2));
    expect(await log.flush()).to.equal(2);
    expect(await rolled).to.equal(2);
    expect(log.logRecords).to.equal(2);
    await log.removeBefore(2);
    disk.crash('none');
    expect(await disk.list())
      .to.include('00000002.log')
      .and.not.include('00000001.log');
    expect((await replay(disk)).records).to.deep.equal([state(1), prepared(2)]);
  });

  it('begins a segment only when what it depends on is durable', async () => {
    const log = await begin(disk);
    let release = (): void => undefined;
    const ready = new Promise<void>((resolve) => (release = resolve));
    const rolled = log.roll([reset(9)], { ready, essential: true });
    const flushed = log.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await disk.list()).to.not.include('00000002.log');
    release();
    await flushed;
    expect(await rolled).to.equal(2);
    const failing = rejection(log.roll([], { ready: Promise.reject(new Error('no sync')) }));
    const error = await rejection(log.flush());
    expect(error).to.be.instanceOf(LogFailedError);
    expect(await failing).to.equal(error);
  });

  it('reads from the newest base although older segments are still there', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    const rolled = log.roll([state(1), epoch(5)]);
    log.append(commit(1));
    await log.flush();
    await rolled;
    disk.crash('none');
    expect((await replay(disk)).records).to.deep.equal([state(1), epoch(5), commit(1)]);
    await begin(disk);
    expect(await disk.list()).to.not.include('00000001.log');
  });

  it('does not take a segment for a base whose first flush is not whole', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const rolled = log.roll([state(1), epoch(5)]);
    await log.flush();
    await rolled;
    const size = await disk.size('00000002.log');
    for (let bytes = 0; bytes < size; bytes += 1) {
      const copy = disk.clone();
      const whole = await disk.read('00000002.log', 0, size);
      copy.plant('00000002.log', whole.subarray(0, bytes));
      expect((await replay(copy)).records, `${bytes} bytes`).to.deep.equal([prepared(1)]);
      const next = await begin(copy);
      next.append(prepared(2));
      await next.flush();
      expect((await replay(copy)).records).to.deep.equal([prepared(1), prepared(2)]);
    }
  });

  it('S37: names rot in the flush that began a segment, when synced flushes follow it', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    const rolled = log.roll([state(1), epoch(5)]);
    await log.flush();
    await rolled;
    const begun = await disk.size('00000002.log');
    log.append(commit(1));
    await log.flush();
    let isBase = false;
    for (let offset = 96; offset < begun; offset += 1) {
      const rotten = disk.clone();
      rotten.flip('00000002.log', offset);
      const error = await rejection(replay(rotten));
      expect(error, `byte ${offset}`).to.include({ code: 'rot', file: '00000002.log' });
      isBase ||= error instanceof RotError && error.offset > 96;
    }
    expect(isBase, 'also behind the record that makes it a base').to.equal(true);
  });

  it('S37: cuts a torn tail, says what was cut, and goes on in a new segment', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const size = await disk.size('00000001.log');
    const torn = Buffer.concat([await disk.read('00000001.log', 0, size), Buffer.from('torn')]);
    disk.plant('00000001.log', torn);
    const { folder, outcome, records } = await replay(disk);
    expect(records).to.deep.equal([prepared(1)]);
    const cut = { file: '00000001.log', offset: size, bytes: 4, nonZero: true };
    expect(outcome.tail).to.deep.equal(cut);
    expect(await disk.size('00000001.log'), 'replay changes nothing').to.equal(size + 4);
    const next = await folder.start();
    next.append(prepared(2));
    await next.flush();
    disk.crash('none');
    const again = await replay(disk);
    expect(again.records).to.deep.equal([prepared(1), prepared(2)]);
    expect(again.outcome.tail).to.equal(null);
    const older = disk.clone();
    older.plant('00000001.log', (await disk.read('00000001.log', 0, size)).subarray(0, 96));
    const lost = await rejection(replay(older));
    expect(lost.message).to.include(`it had ${size} bytes when 00000002.log was begun`);
  });

  it('S37: refuses a segment before the last one that ends where a flush did', async () => {
    const options = { ...OPTIONS, segmentRecords: 4 };
    const log = await begin(disk, options);
    const ends: number[] = [];
    for (const record of [epoch(1), prepared(1), commit(1), epoch(2), epoch(3)]) {
      ends.push(log.segmentBytesWritten);
      log.append(record);
      await log.flush();
    }
    expect((await replay(disk, options)).records).to.have.length(5);
    for (const end of ends.slice(0, 4)) {
      const copy = disk.clone();
      copy.plant('00000001.log', await disk.read('00000001.log', 0, end));
      const error = await rejection(replay(copy, options));
      const place = { code: 'rot', file: '00000001.log', offset: end };
      expect(error, `cut at ${end}`).to.include(place);
    }
  });

  it('leaves files alone that have the number 0, which it never gives', async () => {
    const log = await begin(disk);
    log.append(epoch(1));
    await log.flush();
    disk.plant('00000000.log', Buffer.from('x'));
    disk.plant('snapshot-00000000', Buffer.from('x'));
    await (await replay(disk)).folder.start();
    expect((await replay(disk)).records).to.deep.equal([epoch(1)]);
    expect(await disk.list()).to.include.members(['00000000.log', 'snapshot-00000000']);
  });

  it('S37: refuses damage before the last flush and a cut-off segment before the last one', async () => {
    const log = await begin(disk, { ...OPTIONS, segmentRecords: 2 });
    for (let txid = 1; txid <= 3; txid += 1) {
      log.append(prepared(txid));
      await log.flush();
    }
    const rotten = disk.clone();
    rotten.flip('00000001.log', 100);
    expect(await rejection(replay(rotten))).to.include({ code: 'rot', file: '00000001.log' });
    const cut = disk.clone();
    const size = await disk.size('00000001.log');
    cut.plant('00000001.log', await disk.read('00000001.log', 0, size - 1));
    expect(await rejection(replay(cut))).to.be.instanceOf(RotError);
    const missing = disk.clone();
    await missing.remove('00000001.log');
    expect(await rejection(replay(missing))).to.be.instanceOf(RotError);
  });

  it('does not collect empty segments over many restarts', async () => {
    for (let start = 0; start < 5; start += 1) await begin(disk);
    const segments = (await disk.list()).filter((name) => name.endsWith('.log'));
    expect(segments).to.deep.equal(['00000001.log']);
  });

  it('refuses a folder of the other role, a copy is told, a later format is named', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const other = rejection(replay(disk, { ...OPTIONS, role: 'coordinator' }));
    expect(await other)
      .to.be.instanceOf(FolderError)
      .and.include({ code: 'wrong-role' });
    const elsewhere = { ...OPTIONS, origin: 'there' };
    expect((await replay(disk)).folder.isCopy).to.equal(false);
    expect((await replay(disk, elsewhere)).folder.isCopy).to.equal(true);
    const moved = await begin(disk, elsewhere);
    expect((await replay(disk, elsewhere)).folder.isCopy).to.equal(true);
    await moved.setOrigin('there');
    expect((await replay(disk, elsewhere)).folder.isCopy).to.equal(false);
  });

  it('removes what is over once where two ask for it at once', async () => {
    const log = await begin(disk);
    for (const txid of [1, 2]) {
      const rolled = log.roll([state(txid)]);
      await log.flush();
      await rolled;
    }
    await Promise.all([log.removeBefore(2), log.removeBefore(3)]);
    expect(log.failed).to.equal(null);
    expect(await disk.list())
      .to.include('00000003.log')
      .and.not.include('00000002.log');
    const third = log.roll([state(3)]);
    await log.flush();
    await third;
    disk.faults = { failAt: disk.operations + 1 };
    expect(await rejection(log.removeBefore(4))).to.be.instanceOf(LogFailedError);
  });

  describe('failures', () => {
    it('S35: the first failed write or sync ends the log; nothing is tried again', async () => {
      for (const operation of [1, 2]) {
        const failing = new MemoryDisk();
        const log = await begin(failing);
        log.append(prepared(1));
        failing.faults = { failAt: failing.operations + operation };
        const error = await rejection(log.flush());
        expect(error).to.be.instanceOf(LogFailedError);
        const { operations } = failing;
        log.append(prepared(2));
        expect(await rejection(log.flush())).to.equal(error);
        expect(await rejection(log.roll([]))).to.equal(error);
        expect(await rejection(log.removeBefore(1))).to.equal(error);
        expect(
          await rejection(log.setIdentity({ clusterId: 'c', generation: 1, overridden: false })),
        ).to.equal(error);
        expect(log.failed).to.equal(error);
        expect(failing.operations).to.equal(operations);
        expect(log.syncedLsn).to.equal(0);
      }
    });

    it('rejects a pending roll when the log fails', async () => {
      const log = await begin(disk);
      const rolled = rejection(log.roll([state(1)]));
      disk.faults = { failAt: disk.operations + 1 };
      const error = await rejection(log.flush());
      expect(await rolled).to.equal(error);
    });

    it('rejects a pending roll when another step on the folder fails', async () => {
      const log = await begin(disk);
      const rolled = rejection(log.roll([state(1)]));
      disk.faults = { failAt: disk.operations + 1 };
      const error = await rejection(
        log.setIdentity({ clusterId: 'c', generation: 1, overridden: false }),
      );
      expect(await rolled).to.equal(error);
    });
  });

  it('knows an empty state by a reset that needs no snapshot', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    const rolled = log.roll([reset(0)], { essential: true });
    await log.flush();
    await rolled;
    const { records, outcome } = await replay(disk);
    expect(records).to.deep.equal([reset(0)]);
    expect(outcome.installing).to.equal(false);
  });
});
