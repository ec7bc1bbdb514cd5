/**
 * The simulator in the test command: fixed seeds, and that every path of interest was taken.
 * `SIM_SEEDS=n` and `SIM_FROM=n` hunt further. `corpus.test.ts` repeats what once failed.
 */
import { expect } from 'chai';
import { readPlan } from './corpus.js';
import { EXPECTED_MARKS, RIGHT_REFUSAL } from './expected-marks.js';
import { MAX_TOLD, tellFailures } from './failed-seeds.js';
import { hunt } from './hunt.js';
import { drawOptions } from './options.js';
import { ofSeed, replayCommand } from './replay.js';
import { simulate, simulatePlan } from './run.js';
import { markTable, median, tallyLines } from './tally.js';

const SEEDS = Number(process.env['SIM_SEEDS'] ?? 2000);
const FROM = Number(process.env['SIM_FROM'] ?? 1);
/** Of runs that end with a right refusal; one in 2,000 is usual, many would hide a wrong one. */
const REFUSALS_PER_SEED = 3 / 2000;
const MINUTE_MS = 60_000;

describe('a simulated cluster', function () {
  this.timeout(20 * MINUTE_MS);

  it(`keeps its promises with ${SEEDS} seeds, and takes every path of interest`, async () => {
    const startedAt = performance.now();
    const tally = await hunt({ from: FROM, count: SEEDS });
    const seconds = (performance.now() - startedAt) / 1000;
    const lines = [...tallyLines(tally, seconds), ...markTable(tally)];
    process.stdout.write(`${lines.join('\n')}\n`);
    await tellFailures(tally.failures, (line) => process.stdout.write(`${line}\n`));
    const commands = tally.failures.map(({ seed }) => replayCommand(ofSeed(seed)));
    const told = commands.slice(0, MAX_TOLD).join('; ');
    expect(tally.failures.length, told).to.equal(0);
    expect(median(tally.harmDone), 'faults that took effect').to.be.at.least(5);
    expect(tally.seedsWithCrash / tally.seeds, 'seeds with a crash').to.be.greaterThan(0.5);
    const refusals = tally.marks[RIGHT_REFUSAL] ?? 0;
    expect(refusals, 'runs that need not become whole').to.be.at.most(
      Math.ceil(REFUSALS_PER_SEED * SEEDS),
    );
    const missing = EXPECTED_MARKS.filter((name) => (tally.marks[name] ?? 0) === 0);
    expect(missing, 'paths that were never taken').to.deep.equal([]);
  });

  it('comes to the refusals that are right, in the plans kept for them', async () => {
    for (const name of ['cut-log-beside-a-rotten-one', 'cut-log-under-a-second-coordinator']) {
      const { marks } = await simulatePlan(readPlan(name).options);
      expect(marks.get(RIGHT_REFUSAL), name).to.equal(1);
    }
  });

  it('does the same again for the same seed', async () => {
    const [one, two] = [await simulate(7, {}, true), await simulate(7, {}, true)];
    expect(one.transcript).to.deep.equal(two.transcript);
    expect(one.acknowledged).to.be.greaterThan(200);
  });

  it('is drawn as harsh as it is said to be', () => {
    const seeds = Array.from({ length: 1000 }, (_none, seed) => drawOptions(seed));
    const counts = seeds.map(({ faults }) => faults.length).sort((a, b) => a - b);
    expect(counts[500]).to.be.at.least(5);
    for (const { clients, workload } of seeds) {
      expect(clients).to.be.at.least(3);
      expect(workload.operations).to.be.at.least(100);
    }
  });
});
