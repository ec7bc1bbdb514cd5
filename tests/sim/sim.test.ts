/**
 * The simulator in the test command: fixed seeds, the plans that once failed, and that every path
 * of interest was taken. `SIM_SEEDS=n` and `SIM_FROM=n` hunt further.
 */
import { expect } from 'chai';
import { keptPlans } from './corpus.js';
import { EXPECTED_MARKS } from './expected-marks.js';
import { hunt } from './hunt.js';
import { drawOptions } from './options.js';
import { simulate, simulatePlan } from './run.js';
import { replayCommand } from './shrink.js';
import { tallyLines } from './tally.js';

const SEEDS = Number(process.env['SIM_SEEDS'] ?? 2000);
const FROM = Number(process.env['SIM_FROM'] ?? 1);
const MINUTE_MS = 60_000;

describe('a simulated cluster', function () {
  this.timeout(20 * MINUTE_MS);

  it(`keeps its promises with ${SEEDS} seeds, and takes every path of interest`, async () => {
    const startedAt = performance.now();
    const tally = await hunt({ from: FROM, count: SEEDS });
    const seconds = (performance.now() - startedAt) / 1000;
    process.stdout.write(`${tallyLines(tally, seconds).join('\n')}\n`);
    const failures = tally.failures.map(
      ({ seed, violations }) => `${violations[0] ?? ''}\n  ${replayCommand(seed, {})}`,
    );
    expect(failures.join('\n')).to.equal('');
    const missing = EXPECTED_MARKS.filter((name) => (tally.marks[name] ?? 0) === 0);
    expect(missing, 'paths that were never taken').to.deep.equal([]);
  });

  for (const { name, showed, options } of keptPlans()) {
    it(`holds where it once failed: ${name} (${showed})`, async () => {
      expect((await simulatePlan(options)).violations).to.deep.equal([]);
    });
  }

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
