/**
 * Rules that are switched off one at a time, from outside: in a copy of the compiled program one
 * place is changed, and the simulator must then report a violation. What ships holds no switch.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import type { Tally } from './tally.js';

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

/** A copy of the compiled program without this rule; its folder. */
export function breakRule(control: Control): string {
  const folder = join(PROJECT_ROOT, '.build', 'controls', control.name);
  rmSync(folder, { recursive: true, force: true });
  for (const part of FOLDERS) {
    cpSync(join(PROJECT_ROOT, 'dist', part), join(folder, part), { recursive: true });
  }
  for (const [file, text] of brokenFiles(control)) writeFileSync(join(folder, file), text);
  return folder;
}

/** Runs seeds with the rule broken until one fails. */
export async function runControl(
  control: Control,
  seeds: readonly number[],
): Promise<ControlResult> {
  const folder = breakRule(control);
  const worker = new Worker(pathToFileURL(join(folder, 'tests/sim/worker.js')));
  let stopped = '';
  try {
    for (const [index, seed] of seeds.entries()) {
      const { failures } = await runSeed(worker, seed);
      const violation = failures[0]?.violations[0];
      if (violation === undefined) continue;
      if (!OWN_CHECKS.test(violation) && control.stoppedBy?.test(violation) !== true) {
        return { control, seeds: index + 1, seed, violation, stopped };
      }
      stopped = violation;
    }
    return { control, seeds: null, seed: null, violation: '', stopped };
  } finally {
    await worker.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

function runSeed(worker: Worker, seed: number): Promise<Tally> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (tally: Tally) => {
      worker.off('error', reject);
      resolve(tally);
    });
    worker.postMessage({ seeds: [seed] });
  });
}
