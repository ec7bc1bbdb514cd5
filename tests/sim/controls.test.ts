/**
 * Each rule of `control-list.ts` broken once: the simulator must report it, with the seed at which
 * it was last seen, or else within a few seeds from the first. Nothing that ships is a switch.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CRASH_POINT_VARIABLE } from '../../src/io/crash-point.js';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { CONTROLS } from './control-list.js';
import { runControl } from './controls.js';

const SEEDS_FILE = join(PROJECT_ROOT, 'tests', 'sim', 'control-seeds.json');
/** After the known seed, which a change of the program may have made harmless. */
const FURTHER_SEEDS = 150;

/** Words that a switch for a missing sync or check would bear. */
const LEFT_OUT = 'no|skip|without|omit|ignore|disable|bypass';
const WHAT = 'f?sync|fdatasync|check|verif|crc|digest|barrier|fence|vote';
const OTHERS = 'unsafe|sabotage|negative[-_]?control|is[-_]?broken|fault[-_]?inject';
const FLAG = new RegExp(`(${LEFT_OUT})[-_]?(${WHAT})|${OTHERS}`, 'i');
/** Memory that node hands out without zeros. */
const NO_FLAGS: ReadonlySet<string> = new Set(['allocUnsafe', 'allocUnsafeSlow']);
/** A point at which a test kills the process: it leaves nothing out. */
const VARIABLES = ['main.ts: process.env[CRASH_POINT_VARIABLE]'];

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

  it('is broken from outside: what ships has no flag that leaves something out', () => {
    const found = sources().flatMap(({ name, text }) =>
      [...text.matchAll(/[\w$]+(?:-[\w$]+)*/g)]
        .map(([word]) => word)
        .filter((word) => FLAG.test(word) && !NO_FLAGS.has(word))
        .map((word) => `${name}: ${word}`),
    );
    expect(found).to.deep.equal([]);
  });

  it('is broken from outside: what ships reads no variable that is not documented', () => {
    const found = sources().flatMap(({ name, text }) =>
      [...text.matchAll(/\bprocess\s*\??\.\s*env\b.*|process\[|node:process/g)].map(
        ([read]) => `${name}: ${read}`,
      ),
    );
    expect(found.map((read) => /^[^[]*\[\w+\]/.exec(read)?.[0] ?? read)).to.deep.equal(VARIABLES);
    const documents = readFileSync(join(PROJECT_ROOT, 'docs', 'ARCHITECTURE.md'), 'utf8');
    expect(documents).to.include(CRASH_POINT_VARIABLE);
  });
});

function sources(): { readonly name: string; readonly text: string }[] {
  const folder = join(PROJECT_ROOT, 'src');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((each) => each.endsWith('.ts'))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}
