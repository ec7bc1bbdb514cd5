/** Folders whose log cannot be believed, or whose install was cut off. */
import { expect } from 'chai';
import { replayParticipant } from '../../../src/participant/replay.js';
import { ContradictionError } from '../../../src/wal/errors.js';
import { openFolder } from '../../../src/wal/folder.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { OPTIONS, begin, rejection } from '../wal/log-fixture.js';
import { commit, reset, view } from '../wal/records.js';

async function replayed(disk: MemoryDisk): ReturnType<typeof replayParticipant> {
  return replayParticipant(await openFolder(disk, OPTIONS), 100_000);
}

describe('participant/replay: what it cannot serve from', () => {
  it('refuses a log that contradicts itself, with the segment, and changes nothing', async () => {
    const disk = new MemoryDisk();
    const log = await begin(disk);
    log.append(commit(1));
    await log.flush();
    const before = disk.contents();
    const error = await rejection(replayed(disk));
    expect(error).to.be.instanceOf(ContradictionError);
    expect(error.message).to.contain('00000001.log');
    expect(disk.contents()).to.deep.equal(before);
  });

  it('says that an install was cut off, as long as its snapshot has no name', async () => {
    const disk = new MemoryDisk();
    const log = await begin(disk);
    expect((await replayed(disk)).state.installing).to.equal(false);
    const rolled = log.roll([reset(9), view(2)], { essential: true });
    await log.flush();
    await rolled;
    const { state } = await replayed(disk);
    expect(state.installing).to.equal(true);
    expect(state.view?.number, 'promises are kept').to.equal(2);
  });
});
