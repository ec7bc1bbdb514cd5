/**
 * Each rule of `control-list.ts` broken once: the simulator must report it, with the seed at which
 * it was last seen, or else within a few seeds from the first. Nothing that ships is a switch.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { CONTROLS } from './control-list.js';
import { runControl } from './controls.js';

const SEEDS_FILE = join(PROJECT_ROOT, 'tests', 'sim', 'control-seeds.json');
/** After the known seed, which a change of the program may have made harmless. */
const FURTHER_SEEDS = 150;

describe('a rule that is broken', function () {
  this.timeout(180_000);
  const known = JSON.parse(readFileSync(SEEDS_FILE, 'utf8')) as Record<string, number | null>;

  for (const control of CONTROLS) {
    const seed = known[control.name] ?? null;
    // docs/TESTING.md says which are too rare to be repeated here.
    if (seed === null) continue;
    it(`is noticed: ${control.name}`, async () => {
      const further = Array.from({ length: FURTHER_SEEDS }, (_none, index) => index + 1);
      const { seeds } = await runControl(control, [seed, ...further]);
      expect(seeds, control.rule).to.not.equal(null);
    });
  }

  for (const { name, rule, also } of CONTROLS) {
    const seed = known[name] ?? null;
    if (also?.isHarmless !== true || seed === null) continue;
    it(`is what fails, not its circumstance: ${name}`, async () => {
      const result = await runControl({ name, rule, edits: also.edits }, [seed]);
      expect(result).to.include({ violation: '', stopped: '' });
    });
  }

  it('is broken from outside: what ships knows of no such thing', () => {
    const files = readdirSync(join(PROJECT_ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    for (const name of files.filter((each) => each.endsWith('.ts'))) {
      const text = readFileSync(join(PROJECT_ROOT, 'src', name), 'utf8');
      expect(text, name).to.not.match(
        /\b(negative control|isBroken|sabotage|skipSync|unsafeMode)\b/i,
      );
    }
  });
});
