/**
 * Whether machines that were taken for equal are: every state of an automaton that was reached in
 * several ways is made again in each of them, and goes on from there with every input that was ever
 * tried. Effects and the state behind must be what they were the first time. By induction over the
 * length of what follows, equal texts then mean equal behaviour, for all that was explored.
 */
import type { Automaton } from './automaton.js';
import { keyOf } from './local-process.js';

export interface Soundness {
  /** Steps that were made a second time. */
  readonly compared: number;
  readonly differences: readonly string[];
}

/** `mostWays`: as many of the other ways to each state are tried. */
export function checkSoundness(automaton: Automaton, mostWays: number): Soundness {
  const differences: string[] = [];
  let compared = 0;
  for (let id = 0; id < automaton.size; id += 1) {
    for (const other of automaton.othersTo(id).slice(0, mostWays)) {
      const { saved, inputs } = automaton.history(other.id);
      const way = other.input === 'start' ? inputs : [...inputs, other.input];
      for (const step of automaton.stepsFrom(id)) {
        if (step.input === 'start') continue;
        const machine = automaton.build(saved, way);
        const { effects } = machine.input(step.input);
        compared += 1;
        const isSame = JSON.stringify(effects) === JSON.stringify(step.effects);
        if (isSame && automaton.idOf(machine) === step.next) continue;
        differences.push(`state ${id}, reached from ${other.id}, after ${keyOf(step.input)}`);
      }
    }
  }
  return { compared, differences };
}
