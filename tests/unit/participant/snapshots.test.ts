import { expect } from 'chai';
import { Snapshots, type SnapshotsOptions } from '../../../src/participant/snapshots.js';
import type { ParticipantInput } from '../../../src/participant/ready.js';
import type { Log } from '../../../src/wal/log.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { begin, rejection, tableWith } from '../wal/log-fixture.js';
import { commit, epoch, prepared } from '../wal/records.js';

describe('participant/snapshots', () => {
  let disk: MemoryDisk;
  let log: Log;
  let inputs: ParticipantInput[];
  let ended: Promise<void>;
  let onInput: () => void;

  beforeEach(async () => {
    disk = new MemoryDisk();
    log = await begin(disk);
    inputs = [];
    ended = new Promise((resolve) => (onInput = resolve));
  });

  function snapshots(pause: SnapshotsOptions['pause'] = () => Promise.resolve()): Snapshots {
    return new Snapshots({
      log,
      clock: { now: () => 0, setAlarm: () => undefined },
      trace: { event: () => undefined, point: () => undefined },
      pause,
      checkpointAfter: { bytes: 1, records: 1 },
      input: (input) => {
        inputs.push(input);
        onInput();
      },
      rolled: () => undefined,
      onLogFailed: (error) => {
        throw error;
      },
    });
  }

  async function fillDisk(): Promise<void> {
    const used = [...disk.contents().values()].reduce((sum, bytes) => sum + bytes.length, 0);
    disk.faults = { capacity: used };
    log.append(prepared(2));
    await rejection(log.flush());
    expect(log.isFull).to.equal(true);
  }

  it('S36: no checkpoint takes the space that the reserve gave back', async () => {
    log.append(prepared(1));
    await log.flush();
    const tested = snapshots();
    expect(tested.isCheckpointDue(0)).to.equal(true);
    await fillDisk();
    expect(tested.isCheckpointDue(0)).to.equal(false);
  });

  it('S36: a checkpoint under way makes room for the log', async () => {
    log.append(prepared(1));
    await log.flush();
    let isPaused = (): void => undefined;
    const paused = new Promise<void>((resolve) => (isPaused = resolve));
    let goOn = (): void => undefined;
    const tested = snapshots(() => {
      isPaused();
      return new Promise((resolve) => (goOn = resolve));
    });
    const { header, frames } = tableWith(['a']);
    tested.checkpoint({ header, preamble: [epoch(4)], frames: frames[Symbol.iterator]() });
    await paused;
    await log.flush();
    await fillDisk();
    goOn();
    await ended;
    expect(await disk.list())
      .to.not.include('checkpoint.tmp')
      .and.not.include('snapshot-00000002');
    expect(await disk.list(), 'it had begun').to.include('00000002.log');
    expect(inputs).to.deep.equal([{ type: 'checkpointDone' }]);
    log.append(commit(1));
    await log.flush();
  });
});
