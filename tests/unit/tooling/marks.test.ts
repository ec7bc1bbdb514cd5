/** What the simulator counts: where harm is done, and under names that can be read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Prng } from '../../../src/base/prng.js';
import { MemoryNetwork } from '../../helpers/memory-network.js';
import { PROJECT_ROOT } from '../../helpers/project-root.js';
import { EXPECTED_MARKS, RARE_MARKS } from '../../sim/expected-marks.js';
import { FAULT_NAMES, NOT_NOW } from '../../sim/fault-names.js';
import { HarmDone, harmMarks, turnMark } from '../../sim/harm.js';
import { Marks } from '../../sim/marks.js';
import { lostNames } from '../../sim/power-cut.js';
import { type DiskUser, SimDisk } from '../../sim/sim-disk.js';
import { addTally, emptyTally, markTable } from '../../sim/tally.js';
import { WireMarks } from '../../sim/wire-marks.js';
import { World } from '../../sim/world.js';

const USER: DiskUser = {
  life: 1,
  effect: () => true,
  gate: (_life, action) => {
    action();
  },
};

async function onDisk(use: (disk: SimDisk) => Promise<void>): Promise<ReadonlyMap<string, number>> {
  const [world, marks] = [new World(1), new Marks()];
  const disk = new SimDisk(USER, world, marks);
  const [used] = await Promise.allSettled([use(disk), world.run(100)]);
  expect(used.status).to.equal('fulfilled');
  return marks.counts;
}

/** What it says that it lacks. */
async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing failed',
    (error: unknown) => String(error),
  );
}

describe('a mark of the simulator', () => {
  it('counts a failing disk when it strikes, by what failed', async () => {
    const planted = await onDisk(async (disk) => {
      await disk.open().create('a');
      disk.failing = 'sync';
    });
    expect([...planted]).to.deep.equal([]);
    const struck = await onDisk(async (disk) => {
      const file = await disk.open().create('a');
      disk.failing = 'append';
      expect(await rejection(file.append([Buffer.from('some')]))).to.include('a write failed');
      disk.failing = 'sync';
      expect(await rejection(file.sync())).to.include('a sync failed');
      disk.failing = 'sync';
      expect(await rejection(disk.open().syncFolder())).to.include('sync failed');
      disk.capacity = 0;
      expect(await rejection(file.append([Buffer.from('more')]))).to.include('no space');
    });
    const expected = ['a write failed', 'a sync failed', 'a folder sync failed'];
    expect([...struck.keys()]).to.deep.equal(
      [...expected, 'a write met a full disk'].map((harm) => `struck: ${harm}`),
    );
  });

  it('counts a name or a length that could not be changed, whatever became of it', async () => {
    const outcomes = new Set<string>();
    const struck = await onDisk(async (disk) => {
      for (let i = 0; i < 20; i += 1) {
        const file = await disk.open().create(`a${i}`);
        await file.append([Buffer.from('some')]);
        disk.failing = 'truncate';
        expect(await rejection(file.truncate(0))).to.include('truncate failed');
        outcomes.add(`truncate ${file.size}`);
        disk.failing = 'rename';
        expect(await rejection(disk.open().rename(`a${i}`, `b${i}`))).to.include('rename failed');
        outcomes.add(`rename ${disk.fileNames().includes(`b${i}`)}`);
        disk.failing = 'create';
        expect(await rejection(disk.open().create(`c${i}`))).to.include('create failed');
        outcomes.add(`create ${disk.fileNames().includes(`c${i}`)}`);
      }
    });
    const steps = ['truncate', 'rename', 'create'];
    expect([...struck]).to.deep.equal(steps.map((step) => [`struck: a ${step} failed`, 20]));
    const either = ['truncate 0', 'truncate 4', 'rename true', 'rename false'];
    expect([...outcomes]).to.have.members([...either, 'create true', 'create false']);
  });

  it('counts what becomes of each sector when the power is cut, and nothing after a kill', async () => {
    const fates = ['kept', 'dropped', 'zeroed', 'garbled'].map(
      (fate) => `power cut: a sector was ${fate}`,
    );
    const write = async (disk: SimDisk): Promise<void> => {
      const file = await disk.open().create('a');
      for (let i = 0; i < 20; i += 1) await file.append([Buffer.from(new Prng(i).hex(5000))]);
    };
    const cut = await onDisk(async (disk) => {
      await write(disk);
      disk.crash('powerCut');
    });
    expect([...cut.keys()]).to.include.members(fates);
    const killed = await onDisk(async (disk) => {
      await write(disk);
      disk.crash('killed');
    });
    expect([...killed]).to.deep.equal([]);
  });

  it('tells a lost name from a lost rename and from a file that is back', () => {
    const seen = new Map([
      ['kept', 1],
      ['created', 2],
      ['to', 3],
    ]);
    const left = new Map([
      ['kept', 1],
      ['from', 3],
      ['removed', 4],
    ]);
    expect(lostNames(seen, seen)).to.deep.equal([]);
    expect(lostNames(seen, left)).to.deep.equal([
      'a created name was lost',
      'a rename was lost',
      'a removed file was back',
    ]);
  });

  it('counts an older connection only behind a newer one, and only once its sender has left', () => {
    const [memory, marks] = [new MemoryNetwork(), new Marks()];
    const seen = new WireMarks(memory, marks);
    memory.listen('far:1', () => ({ request: () => undefined, closed: () => undefined }));
    const handler = {
      opened: () => undefined,
      reply: () => undefined,
      closed: () => undefined,
    };
    const dial = (): ReturnType<ReturnType<typeof memory.host>['dial']> =>
      memory.host('near').dial('far:1', handler);
    const [old, young] = [dial(), dial()];
    memory.deliverAll();
    const late = 'late: an older connection spoke behind a newer one';
    const deliver = (connection: number): number => {
      const lane = memory.lanes().find((each) => each.connection === connection);
      if (lane === undefined) throw new Error('nothing is on its way');
      seen.onArrival(lane);
      memory.deliver(lane);
      return marks.counts.get(late) ?? 0;
    };
    for (const each of [old, old, old, young]) each.send({ type: 'inquire' });
    expect(deliver(old.id), 'there is no newer one yet').to.equal(0);
    expect(deliver(young.id)).to.equal(0);
    expect(deliver(old.id), 'both are in use').to.equal(0);
    old.close();
    expect(deliver(old.id)).to.equal(1);
  });

  it('proves nothing where a fault was only planned', () => {
    expect(turnMark('crashAll', 'all die')).to.equal('fault: crashAll');
    expect(turnMark('crashAll', NOT_NOW)).to.equal('idle: crashAll');
    expect(turnMark('failSync', 'the next sync of c fails')).to.equal('planned: failSync');
    for (const name of FAULT_NAMES) {
      const turn = turnMark(name, 'done');
      const isHarm = harmMarks(name).includes(turn);
      expect(turn).to.equal(`${isHarm ? 'fault' : 'planned'}: ${name}`);
      expect(EXPECTED_MARKS.includes(turn), turn).to.equal(isHarm);
      const proofs = harmMarks(name).filter((mark) => EXPECTED_MARKS.includes(mark));
      expect(proofs, name).to.not.deep.equal([]);
    }
  });

  it('belongs to the last turn of its fault, and counts that fault once', () => {
    const marks = new Marks();
    const done = new HarmDone(marks);
    const strike = (): void => {
      for (const mark of harmMarks('clogPath')) marks.hit(mark, 100);
    };
    expect(done.count).to.equal(0);
    done.onTurn('clogPath');
    expect(done.count, 'its path was not used').to.equal(0);
    strike();
    expect(done.count).to.equal(1);
    done.onTurn('clogPath');
    expect(done.count, 'the second has not struck').to.equal(1);
    marks.hit('planned: clogPath');
    done.onTurn('crashAll');
    expect(done.count).to.equal(1);
    marks.hit(turnMark('crashAll', NOT_NOW));
    done.onTurn('crashAll');
    marks.hit(turnMark('crashAll', 'all die'));
    strike();
    expect(done.count).to.equal(3);
  });

  it('proves the harm of one fault alone', () => {
    const marks = FAULT_NAMES.flatMap((name) => harmMarks(name));
    expect(new Set(marks).size).to.equal(marks.length);
  });

  it('that seeds seldom hit has its reason on the page on testing', () => {
    const page = readFileSync(join(PROJECT_ROOT, 'docs/TESTING.md'), 'utf8');
    const missing = RARE_MARKS.filter((mark) => !page.includes(`| \`${mark}\` |`));
    expect(missing).to.deep.equal([]);
    expect(RARE_MARKS.filter((mark) => EXPECTED_MARKS.includes(mark))).to.deep.equal([]);
  });

  it('is printed beside those of its kind', () => {
    const tally = emptyTally();
    addTally(tally, { ...emptyTally(), marks: { 'fault: b': 2, 'fault: a': 10, alone: 1 } });
    expect(markTable(tally)).to.deep.equal(['other: alone 1', 'fault: a 10, b 2']);
    const marks = Object.fromEntries(Array.from({ length: 50 }, (_none, i) => [`said: ${i}`, i]));
    const lines = markTable({ ...emptyTally(), marks });
    expect(lines.length).to.be.greaterThan(1);
    for (const line of lines) expect(line.length).to.be.at.most(110);
    expect(lines.join(' ').match(/\d+ \d+/g)).to.have.length(50);
  });
});
