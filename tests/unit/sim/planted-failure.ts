/** A failure planted by a predicate over plans, in the place of a simulation. */
import { drawOptions, type PlannedFault, type SimOptions } from '../../sim/options.js';
import type { Outcome } from '../../sim/shrink.js';

/** Ten faults, told apart by their seeds, and five clients. */
export const PLAN: SimOptions = {
  ...drawOptions(1),
  clients: 5,
  faults: Array.from({ length: 10 }, (_none, index): PlannedFault => ({
    at: 100 * index,
    name: 'crashAll',
    seed: index,
  })),
};

export function outcomeOf(isFailing: boolean): Outcome {
  return { violations: isFailing ? ['planted'] : [], said: [] };
}

/** Fails where all of these faults are left, and so many clients. */
export function needs(faults: readonly number[], clients: number): (plan: SimOptions) => boolean {
  return (plan) => {
    const left = plan.faults.map(({ seed }) => seed);
    return plan.clients >= clients && faults.every((fault) => left.includes(fault));
  };
}
