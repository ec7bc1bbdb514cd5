/**
 * The grading script judged by stand-ins for the program: it passes a right one, and each wrong
 * one fails at the item that is about its fault. Instead of pausing, the script waits here for
 * what the pause is meant for. And what is built before it is graded.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePorts } from '../helpers/free-ports.js';
import { needs } from '../helpers/tools.js';
import { buildGraded } from '../grade/build-graded.js';
import { type Fault, writeFakeProgram } from '../grade/fake-program.js';
import { GradedSystem } from '../grade/graded-system.js';
import { GradingClient } from '../grade/grading-client.js';
import { type Bench, ITEMS, ItemFailure, type Pace } from '../grade/items.js';

const LISTENING = /running at \[/;
const noPause = (): Promise<void> => Promise.resolve();
const QUICK_PACE: Pace = {
  afterStart: (role) => role.waitForLine(LISTENING).catch(() => undefined),
  afterCoordinatorKill: noPause,
  whileParticipantsAreDown: noPause,
  forRejoin: noPause,
};

/** Runs all items and names those that failed, with their reasons. */
async function failures(bench: Bench): Promise<Map<number, string>> {
  const failed = new Map<number, string>();
  for (const [index, item] of ITEMS.entries()) {
    try {
      await item(bench);
    } catch (error) {
      if (!(error instanceof ItemFailure)) throw error;
      failed.set(index + 1, error.message);
    }
  }
  return failed;
}

async function gradeFake(fault: Fault): Promise<Map<number, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'kv2pc-fake-'));
  writeFakeProgram(folder, fault);
  const ports = await freePorts(4);
  const system = new GradedSystem(
    folder,
    ports.map((port) => ({ host: '127.0.0.1', port })),
  );
  const client = new GradingClient({
    host: system.coordinator.host,
    port: system.coordinator.port,
    waitSeconds: 0.3,
    tries: 2,
    retryPauseMs: 10,
    useNc: false,
    until: (soFar) => soFar.length > 0,
  });
  try {
    return await failures({ system, client, pace: QUICK_PACE });
  } finally {
    await system.end();
    system.removeFolder();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the grading script', function () {
  this.timeout(20_000);

  it('passes a program that answers as graders expect', async () => {
    expect(await gradeFake('none')).to.deep.equal(new Map());
  });

  const wrong: readonly [Fault, readonly number[]][] = [
    ['participant2 exits', [1, 10]],
    ['set answers nothing', [2, 3, 5, 6, 7, 8, 9, 10]],
    ['forgets when killed', [3, 5, 6]],
    ['null bulk for nil', [4, 7]],
    ['counts one', [5, 10]],
    ['keeps the first value', [6, 8]],
    ['deletes nothing', [7]],
    ['fails without participant1', [8, 9]],
    ['reads without participants', [9]],
    ['does not readmit', [10]],
  ];
  for (const [fault, items] of wrong) {
    it(`fails items ${items.join(', ')} when the fault is: ${fault}`, async () => {
      const reasons = await gradeFake(fault);
      expect([...reasons.keys()]).to.deep.equal(items);
      if (fault !== 'null bulk for nil') return;
      expect(reasons.get(4)).to.equal(
        String.raw`GET item4_key: expected "*1\r\n$3\r\nnil\r\n", got "$-1\r\n"`,
      );
    });
  }
});

describe('a folder that is graded', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kv2pc-graded-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function writeMakefile(recipe: string): void {
    writeFileSync(join(folder, 'Makefile'), `all:\n\t@${recipe}\n`);
  }

  it('is built where it has a Makefile, also if a program is there already', function () {
    needs('make', this);
    writeFakeProgram(folder, 'none');
    writeMakefile('touch built');
    buildGraded(folder);
    expect(existsSync(join(folder, 'built'))).to.equal(true);
  });

  it('is not graded when its build fails, though a program is there', function () {
    needs('make', this);
    writeFakeProgram(folder, 'none');
    writeMakefile('exit 3');
    expect(() => buildGraded(folder)).to.throw(`make in ${folder} ended with status 2`);
  });

  it('is not graded without a program', () => {
    expect(() => buildGraded(folder)).to.throw(`there is no kvstore2pcsystem in ${folder}`);
    writeFakeProgram(folder, 'none');
    expect(() => buildGraded(folder)).not.to.throw();
  });
});
