/** Plans that once failed, each repeated as it is. */
import { expect } from 'chai';
import { keptPlans } from './corpus.js';
import { FAILED_SEEDS } from './failed-seeds.js';
import { ofPlan, replayCommand } from './replay.js';
import { simulatePlan } from './run.js';

const MINUTE_MS = 60_000;

describe('a plan that once failed', function () {
  this.timeout(MINUTE_MS);

  for (const { name, note, options } of [...keptPlans(), ...keptPlans(FAILED_SEEDS)]) {
    it(`holds: ${name} (${note.showed})`, async () => {
      const { violations } = await simulatePlan(options);
      expect(violations, replayCommand(ofPlan(name))).to.deep.equal([]);
    });
  }
});
