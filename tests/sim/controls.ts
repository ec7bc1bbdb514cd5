/**
 * Rules that are switched off one at a time, from outside: in a copy of the compiled program one
 * place is changed, and the simulator must then report a violation. What ships holds no switch.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import type { SimOptions } from './options.js';
import { SimThread } from './thread.js';

export interface Edit {
  /** Compiled file, from `dist`. */
  readonly file: string;
  /** Occurs in it exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Control {
  readonly name: string;
  /** The rule, which holds no more with the edits. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** A second rule stands behind it: what else is broken, so that the first can be seen to fail. */
  readonly also?: Also;
  /** What ends a process before the missing rule does harm: such a seed shows nothing. */
  readonly stoppedBy?: RegExp;
}

/** Checks of the program behind a rule may stop it too; that is no harm done by the rule's lack. */
const OWN_CHECKS = /^(AssertionError|TypeError|ReferenceError|RangeError)/;

export interface Also {
  readonly what: string;
  /** Not a rule but a circumstance that does no harm while the rule holds. */
  readonly isHarmless?: true;
  readonly edits: readonly Edit[];
}

export interface ControlResult {
  readonly control: Control;
  /** Seeds run until one failed, that one included; null: none failed. */
  readonly seeds: number | null;
  readonly seed: number | null;
  readonly violation: string;
  /** Of the last seed that was stopped before any harm; it does not count. */
  readonly stopped: string;
}

const FOLDERS = ['src', 'tests/sim', 'tests/helpers', 'tests/checkers', 'tests/cluster'];

/** Compiled files as they are without this rule, by their paths from `dist`. */
export function brokenFiles({ name, edits, also }: Control): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { file, find, replace } of [...edits, ...(also?.edits ?? [])]) {
    const text = texts.get(file) ?? readFileSync(join(PROJECT_ROOT, 'dist', file), 'utf8');
    const places = text.split(find).length - 1;
    if (places !== 1) throw new Error(`${name}: ${file} has ${places} places, not one: ${find}`);
    texts.set(
      file,
      text.replace(find, () => replace),
    );
  }
  return texts;
}

/** A copy of the compiled program without this rule; its folder, which is the caller's alone. */
function breakRule(control: Control): string {
  const all = join(PROJECT_ROOT, '.build', 'controls');
  mkdirSync(all, { recursive: true });
  const folder = mkdtempSync(join(all, `${control.name}-`));
  for (const part of FOLDERS) {
    cpSync(join(PROJECT_ROOT, 'dist', part), join(folder, part), { recursive: true });
  }
  for (const [file, text] of brokenFiles(control)) writeFileSync(join(folder, file), text);
  return folder;
}

/** Runs seeds with the rule broken until one fails. */
export function runControl(control: Control, seeds: readonly number[]): Promise<ControlResult> {
  return whileBroken(control, async (thread) => {
    let stopped = '';
    for (const [index, seed] of seeds.entries()) {
      const violation = (await thread.runSeed(seed)).violations[0];
      if (violation === undefined) continue;
      if (isHarm(control, violation)) {
        return { control, seeds: index + 1, seed, violation, stopped };
      }
      stopped = violation;
    }
    return { control, seeds: null, seed: null, violation: '', stopped };
  });
}

/** What harm the lack of the rule does in this plan; empty: none. */
export function harmIn(control: Control, plan: SimOptions): Promise<string> {
  return whileBroken(control, async (thread) => {
    const violation = (await thread.runPlan(plan)).violations[0] ?? '';
    return isHarm(control, violation) ? violation : '';
  });
}

function isHarm({ stoppedBy }: Control, violation: string): boolean {
  return !OWN_CHECKS.test(violation) && stoppedBy?.test(violation) !== true;
}

async function whileBroken<Result>(
  control: Control,
  use: (thread: SimThread) => Promise<Result>,
): Promise<Result> {
  const folder = breakRule(control);
  const thread = new SimThread(folder);
  try {
    return await use(thread);
  } finally {
    await thread.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
