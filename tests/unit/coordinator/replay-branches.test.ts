/** What a coordinator's folder says at a start, and what the meta file adds to its log. */
import { expect } from 'chai';
import { type CoordinatorReplay, replayCoordinator } from '../../../src/coordinator/replay.js';
import { ContradictionError } from '../../../src/wal/errors.js';
import { openFolder } from '../../../src/wal/folder.js';
import type { Log } from '../../../src/wal/log.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { OPTIONS, rejection } from '../wal/log-fixture.js';
import { commit, epoch, prepared } from '../wal/records.js';
import { view } from './statuses.js';

async function start(disk: MemoryDisk): Promise<CoordinatorReplay & { readonly log: Log }> {
  const opened = await openFolder(disk, { ...OPTIONS, role: 'coordinator' });
  const replay = await replayCoordinator(opened);
  return { ...replay, log: await opened.start() };
}

async function written(...records: readonly WalRecord[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { log } = await start(disk);
  for (const record of records) log.append(record);
  await log.flush();
  return disk;
}

describe('coordinator/replay', () => {
  it('tells what the log holds, and nothing of an empty one', async () => {
    const empty = (await start(new MemoryDisk())).recovered;
    expect([empty.epochs, empty.view, empty.outcomes.decidedTxid]).to.deep.equal([[], null, 0]);
    const disk = await written(epoch(3), commit(1), commit(2));
    const { recovered, outcome } = await start(disk);
    expect(recovered.epochs.map(({ number }) => number)).to.deep.equal([3]);
    expect(recovered.outcomes.decidedTxid).to.equal(2);
    expect(outcome.records).to.equal(3);
  });

  it('knows the epoch and the view of the meta file although the log was lost', async () => {
    const disk = await written(epoch(3), { kind: 'view', view: view(5, 'a', 'b') });
    disk.plant('00000001.log', Buffer.alloc(0));
    const { recovered } = await start(disk);
    expect(recovered.epochs.map(({ number }) => number)).to.deep.equal([3]);
    expect(recovered.view?.number).to.equal(5);
  });

  it('refuses a log that contradicts itself, with the segment, and changes nothing', async () => {
    for (const record of [prepared(1), commit(3)]) {
      const disk = await written(epoch(3), record);
      const before = disk.contents();
      const error = await rejection(start(disk));
      expect(error).to.be.instanceOf(ContradictionError);
      expect(error.message).to.contain('00000001.log');
      expect(disk.contents()).to.deep.equal(before);
    }
  });
});
