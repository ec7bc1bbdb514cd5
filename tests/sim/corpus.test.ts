/**
 * Plans that once failed, each repeated as it is, and where a control breaks the rule that it
 * guards, also without that rule, to see that it can still fail.
 */
import { expect } from 'chai';
import { harmIn } from './controls.js';
import { keptPlans } from './corpus.js';
import { FAILED_SEEDS } from './failed-seeds.js';
import { controlNamed } from './kept-controls.js';
import { ofPlan, replayCommand } from './replay.js';
import { simulatePlan } from './run.js';

const MINUTE_MS = 60_000;

describe('a plan that once failed', function () {
  this.timeout(MINUTE_MS);
  const kept = keptPlans();

  for (const { name, note, options } of [...kept, ...keptPlans(FAILED_SEEDS)]) {
    it(`holds: ${name} (${note.showed})`, async () => {
      const { violations } = await simulatePlan(options);
      expect(violations, replayCommand(ofPlan(name))).to.deep.equal([]);
    });
  }

  for (const { name, note, options } of kept) {
    for (const broken of note.controls ?? []) {
      it(`fails again without its rule: ${name} (${broken})`, async () => {
        const harm = await harmIn(controlNamed(broken), options);
        expect(harm, 'a plan that cannot fail').to.not.equal('');
      });
    }

    it(`says what it showed and which rule it guards: ${name}`, () => {
      expect(note.showed).to.not.equal('');
      const hasControl = (note.controls ?? []).length > 0;
      expect(hasControl, 'either a control or a rule in words').to.equal(note.rule === undefined);
    });
  }
});
