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

  function snapshots(
    pause: SnapshotsOptions['pause'] = () => Promise.resolve(),
    onLogFailed: SnapshotsOptions['onLogFailed'] = (error) => {
      throw error;
    },
  ): Snapshots {
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
      onLogFailed,
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

  it('S36: an install that finds no room has failed, and what is queued behind it does nothing', async () => {
    disk.faults = { maxFiles: disk.contents().size };
    const tested = snapshots();
    const { frames } = tableWith(['a']);
    tested.install({ step: 'begin', install: 1 });
    tested.install({ step: 'frames', install: 1, frames });
    await tested.stop();
    expect(inputs).to.have.length(1);
    expect(inputs[0]).to.include({ type: 'installFailed', install: 1 });
  });

  it('an install that the disk fails ends the log', async () => {
    const failures: Error[] = [];
    const tested = snapshots(undefined, (error) => failures.push(error));
    disk.faults = { failAt: disk.operations + 1 };
    tested.install({ step: 'begin', install: 1 });
    await tested.stop();
    expect(failures).to.deep.equal([log.failed]);
    expect(inputs).to.deep.equal([]);
  });

  it('an install that is given up leaves nothing', async () => {
    const tested = snapshots();
    const { frames } = tableWith(['a']);
    tested.install({ step: 'begin', install: 1 });
    tested.install({ step: 'frames', install: 1, frames });
    await ended;
    expect(await disk.list()).to.include('install.tmp');
    tested.install({ step: 'discard', install: 1 });
    await tested.stop();
    expect(inputs).to.deep.equal([{ type: 'framesStored', install: 1 }]);
    expect(await disk.list()).to.not.include('install.tmp');
  });

  it('a stop ends a checkpoint between two slices', async () => {
    let goOn = (): void => undefined;
    let isPaused = (): void => undefined;
    const paused = new Promise<void>((resolve) => (isPaused = resolve));
    const failures: Error[] = [];
    const tested = snapshots(
      () => {
        isPaused();
        return new Promise((resolve) => (goOn = resolve));
      },
      (error) => failures.push(error),
    );
    const { header, frames } = tableWith(['a']);
    tested.checkpoint({ header, preamble: [epoch(4)], frames: frames[Symbol.iterator]() });
    await paused;
    const stopped = tested.stop();
    goOn();
    await stopped;
    expect(failures.map(({ message }) => message)).to.match(/this participant is stopping/);
    expect(inputs).to.deep.equal([]);
    expect(await disk.list()).to.not.include('snapshot-00000002');
  });
});
