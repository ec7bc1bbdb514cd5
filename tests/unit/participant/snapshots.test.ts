import { expect } from 'chai';
import { Snapshots, type SnapshotsOptions } from '../../../src/participant/snapshots.js';
import type { ParticipantInput } from '../../../src/participant/ready.js';
import type { Log } from '../../../src/wal/log.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { begin, rejection, tableWith } from '../wal/log-fixture.js';
import { commit, epoch, prepared, reset } from '../wal/records.js';

const LITTLE = { bytes: 1, records: 1 };
const MANY = 1_000_000;

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
    now: () => number = () => 0,
    checkpointAfter: SnapshotsOptions['checkpointAfter'] = LITTLE,
  ): Snapshots {
    return new Snapshots({
      log,
      clock: { now, setAlarm: () => undefined },
      trace: { event: () => undefined, point: () => undefined },
      pause,
      checkpointAfter,
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

  /** Of a checkpoint of a store that takes so much, of which no piece takes as long as the last. */
  async function restsOf(
    store: { bytes: number; keys: number },
    after = LITTLE,
  ): Promise<number[]> {
    const rests: number[] = [];
    let now = 1000;
    const { header, frames } = tableWith(['a']);
    const slowly = function* (): Generator<Buffer, void> {
      for (const [index, frame] of frames.entries()) {
        now += [1, 2, 1000][index] ?? 0;
        yield frame;
      }
    };
    const pause = async (ms: number): Promise<void> => {
      rests.push(ms);
      now += ms;
      await flushed;
    };
    const tested = snapshots(pause, undefined, () => now, after);
    tested.checkpoint({ header: { ...header, ...store }, preamble: [epoch(4)], frames: slowly() });
    const flushed = log.flush();
    await ended;
    return rests;
  }

  it('a checkpoint leaves others three quarters of the time', async () => {
    expect(await restsOf({ bytes: MANY, keys: MANY })).to.deep.equal([3, 6, 50]);
  });

  it('a checkpoint makes haste when the log has grown by more than the store', async () => {
    // The segment that it begins is growth enough for an empty store.
    expect(await restsOf({ bytes: 0, keys: MANY })).to.deep.equal([0, 0, 0]);
  });

  it('a checkpoint makes haste when the log has grown by more records than there are keys', async () => {
    expect(await restsOf({ bytes: MANY, keys: 0 })).to.deep.equal([0, 0, 0]);
  });

  it('a checkpoint lets the log grow by as much as the one before', async () => {
    const after = { bytes: MANY, records: MANY };
    expect(await restsOf({ bytes: 0, keys: 0 }, after)).to.deep.equal([3, 6, 50]);
  });

  it('S36: a checkpoint makes haste after one for which there was no room', async () => {
    const rests: number[] = [];
    let now = 0;
    const pause = async (ms: number): Promise<void> => {
      rests.push(ms);
      now += 1;
      await flushed;
    };
    const tested = snapshots(pause, undefined, () => (now += 1));
    let flushed: Promise<unknown> = Promise.resolve();
    const write = async (): Promise<void> => {
      ended = new Promise((resolve) => (onInput = resolve));
      const { header, frames } = tableWith(['a']);
      const store = { ...header, bytes: MANY, keys: MANY };
      const preamble = [epoch(4)];
      tested.checkpoint({ header: store, preamble, frames: frames[Symbol.iterator]() });
      flushed = log.flush();
      await ended;
    };
    disk.faults = { maxFiles: disk.contents().size + 1 };
    await write();
    expect(rests.splice(0), 'there was no room for the segment').to.deep.equal([3]);
    disk.faults = {};
    // What finds room again makes the log ready for a checkpoint.
    log.append(prepared(1));
    await log.flush();
    await write();
    expect(rests.splice(0)).to.deep.equal([0, 0, 0]);
    await write();
    expect(rests).to.deep.equal([3, 3, 3]);
  });

  it('a checkpoint that an install has overtaken makes haste', async () => {
    const rests: number[] = [];
    const isPaused: (() => void)[] = [];
    const paused = new Promise<void>((resolve) => isPaused.push(resolve));
    const goOn: (() => void)[] = [];
    let now = 0;
    const tested = snapshots(
      (ms) => {
        rests.push(ms);
        isPaused.pop()?.();
        return rests.length > 1 ? Promise.resolve() : new Promise((resolve) => goOn.push(resolve));
      },
      undefined,
      () => (now += 1),
    );
    const { header, frames } = tableWith(['a']);
    const store = { ...header, bytes: MANY, keys: MANY };
    tested.checkpoint({ header: store, preamble: [epoch(4)], frames: frames[Symbol.iterator]() });
    await log.flush();
    await paused;
    tested.install({ step: 'begin', install: 1 });
    tested.install({ step: 'frames', install: 1, frames });
    await ended;
    const installed = new Promise<void>((resolve) => (onInput = resolve));
    tested.install({ step: 'finish', install: 1, preamble: [reset(1), epoch(5)] });
    await log.flush();
    await installed;
    goOn.pop()?.();
    await new Promise<void>((resolve) => (onInput = resolve));
    expect(rests).to.deep.equal([3, 0, 0]);
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

  it('a stop ends a checkpoint between two frames', async () => {
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
