import { expect } from 'chai';
import {
  type ParticipantReplay,
  replayParticipant,
  startParticipantLog,
} from '../../../src/participant/replay.js';
import type { ParticipantState } from '../../../src/participant/state.js';
import { openFolder } from '../../../src/wal/folder.js';
import type { Log } from '../../../src/wal/log.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { OPTIONS } from '../wal/log-fixture.js';
import { epoch, preparedRecord, set } from './participant-driver.js';

const HERE = OPTIONS.origin;
const FIRST = '00000001.log';
const VIEW_2 = {
  number: 2,
  epoch: epoch(1),
  firstTxid: 1,
  members: [{ storeId: 's-1', address: 'p1:1' }],
};

async function start(
  disk: MemoryDisk,
  origin = HERE,
): Promise<{ readonly state: ParticipantState; readonly log: Log }> {
  const opened = await openFolder(disk, { ...OPTIONS, origin });
  const replayed = await replayParticipant(opened, 100_000);
  return { state: replayed.state, log: await startParticipantLog(opened, replayed, origin) };
}

async function replay(disk: MemoryDisk): Promise<ParticipantReplay> {
  return replayParticipant(await openFolder(disk, OPTIONS), 100_000);
}

/** A folder that knows transactions 1 and 2, each synced. What came behind is cut off cleanly. */
async function usedFolder(lost?: WalRecord): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { log } = await start(disk);
  for (const txid of [1, 2]) {
    log.append(preparedRecord(txid, [set('k', `v${txid}`)], 1));
    await log.flush();
  }
  const kept = await disk.read(FIRST, 0, 1 << 20);
  if (lost !== undefined) log.append(lost);
  await log.flush();
  await log.close();
  disk.plant(FIRST, kept);
  return disk;
}

async function append(disk: MemoryDisk, name: string, bytes: Buffer): Promise<void> {
  disk.plant(name, Buffer.concat([await disk.read(name, 0, 1 << 20), bytes]));
}

/** The next start says so, however often starts die, at whichever operation; and the one after. */
async function expectUncertain(
  damaged: MemoryDisk,
  from: number,
  origin = HERE,
): Promise<MemoryDisk> {
  for (let step = 1; ; step += 1) {
    const disk = damaged.clone();
    disk.faults = { failAt: step };
    const died = await start(disk, origin).then(
      () => false,
      () => true,
    );
    disk.crash('none');
    const { state } = await start(disk, origin);
    expect(state.tailFrom, `died at operation ${step}`).to.equal(from);
    disk.crash('none');
    expect((await start(disk, origin)).state.tailFrom, 'said by the log').to.equal(from);
    if (!died) return disk;
    expect(step).to.be.lessThan(50);
  }
}

describe('participant/replay', () => {
  it('S37: a whole log is certain', async () => {
    const { state } = await start(await usedFolder());
    expect(state.tailFrom).to.equal(0);
    expect(state.lastPrepared).to.equal(2);
  });

  it('H8: a cut tail stays known, wherever the start that cuts it dies', async () => {
    const disk = await usedFolder();
    await append(disk, FIRST, Buffer.from('torn'));
    const later = await expectUncertain(disk, 3);
    const { log } = await start(later);
    log.append({ kind: 'sound', txid: 2 });
    await log.flush();
    later.crash('none');
    expect((await start(later)).state.tailFrom, 'compared and accepted').to.equal(0);
  });

  it('keeps what was staged for an epoch that only the small file had kept, over two starts', async () => {
    const disk = new MemoryDisk();
    const piece = (stage: string) =>
      ({ kind: 'piece', stage, offset: 0, total: 9, bytes: Buffer.from('some') }) as const;
    const { log } = await start(disk);
    log.append({ kind: 'epoch', epoch: epoch(1) });
    log.append(piece('1.1'));
    await log.flush();
    const kept = await disk.read(FIRST, 0, 1 << 20);
    log.append({ kind: 'epoch', epoch: epoch(2) });
    await log.flush();
    disk.plant(FIRST, kept);
    disk.crash('none');
    const next = await start(disk);
    expect([next.state.epoch.number, next.state.stages.count]).to.deep.equal([2, 0]);
    next.log.append(piece('2.1'));
    await next.log.flush();
    disk.crash('none');
    const { state } = await start(disk);
    expect([...state.stages.all()].map(({ name }) => name)).to.deep.equal(['2.1']);
  });

  it('H8: a log that knows less than the small file has lost its end', async () => {
    const promise = { kind: 'epoch', epoch: epoch(2) } as const;
    for (const record of [promise, { kind: 'view', view: VIEW_2 } as const]) {
      const later = await expectUncertain(await usedFolder(record), 3);
      const { lost, state } = await replay(later);
      expect(lost, 'said by the log').to.deep.equal([]);
      expect([state.epoch.number, state.view?.number ?? 0]).to.include(2);
    }
  });

  it('H8: a last segment of which nothing is whole is a cut tail as well', async () => {
    const disk = await usedFolder();
    disk.plant('00000002.log', Buffer.alloc(96, 'not a header'));
    await expectUncertain(disk, 3);
  });

  it('H8: a restored folder may lack what it had promised since', async () => {
    const disk = await usedFolder();
    const later = await expectUncertain(disk, 3, 'there');
    expect((await openFolder(later, { ...OPTIONS, origin: 'there' })).isCopy).to.equal(false);
  });

  it('still counts as nothing when an operator has overridden it', async () => {
    const disk = await usedFolder();
    const { log } = await start(disk);
    await log.setIdentity({ clusterId: 'c', generation: 1, overridden: true });
    await log.close();
    expect((await start(disk)).state.overridden).to.equal(true);
  });

  it('H8: a second cut counts from what is held then', async () => {
    const disk = await usedFolder();
    const { log } = await start(disk, 'there');
    log.append(preparedRecord(3, [set('k', 'v3')], 1));
    await log.flush();
    disk.crash('none');
    expect((await start(disk)).state.tailFrom).to.equal(4);
  });

  it('starts on a full disk with a tail to cut', async () => {
    const disk = await usedFolder();
    await append(disk, FIRST, Buffer.from('torn'));
    const used = [...disk.contents().values()].reduce((sum, bytes) => sum + bytes.length, 0);
    disk.faults = { capacity: used };
    expect((await start(disk)).state.tailFrom).to.equal(3);
    disk.crash('none');
    expect((await start(disk)).state.tailFrom).to.equal(3);
  });
});
