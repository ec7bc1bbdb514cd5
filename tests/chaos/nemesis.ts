/**
 * Carries out the schedule: a quiet moment, one or two faults, their healing, and then a window in
 * which everything must become whole again by itself before the next fault. What does not within
 * that window is a violation.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ActiveFault, begin, type FaultTools } from './faults.js';
import type { Episode, Tally } from './figures.js';
import type { Journal } from './journal.js';
import type { Kind, Plan, Schedule, Step } from './plan.js';

/** Graders give 10 s on an idle machine; this one may be loaded. */
const RECOVERY_LIMIT_MS = 30_000;
const COMPANION_DELAY_MS = 400;
/** What is broken for good need not be shown a hundred times. */
const ENOUGH_VIOLATIONS = 5;

export class Nemesis {
  readonly episodes: Episode[] = [];
  readonly tallies = new Map<Kind, Tally>();
  /** Those of the present step. */
  #begun: { readonly kind: Kind; readonly fault: ActiveFault }[] = [];

  constructor(
    private readonly tools: FaultTools,
    private readonly schedule: Schedule,
    private readonly journal: Journal,
    /** How many requests were refused so far. */
    private readonly refusals: () => number,
  ) {}

  async run(untilMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      if (this.journal.violations.length >= ENOUGH_VIOLATIONS) return;
      const step = this.schedule.next();
      await delay(step.quietMs);
      await this.#carryOut(step);
    }
  }

  async #carryOut(step: Step): Promise<void> {
    const from = performance.now();
    const refusedBefore = this.refusals();
    if (step.inTurn) await this.#oneAfterTheOther(step.plans);
    else await this.#together(step.plans);
    this.tools.supervisor.endWraps();
    const healedAt = performance.now();
    const { cluster, supervisor } = this.tools;
    const why = await cluster.waitUntilWhole(RECOVERY_LIMIT_MS);
    const wholeAfter = ((performance.now() - healedAt) / 1000).toFixed(1);
    supervisor.endExcuses();
    this.#count();
    const refused = this.refusals() - refusedBefore;
    if (why === null) {
      this.journal.note(`healed; whole after ${wholeAfter} s; ${refused} requests refused`);
    } else {
      this.journal.violation(`not whole ${wholeAfter} s after all was healed:\n${why}`);
    }
    const kinds = step.plans.map(({ kind }) => kind);
    this.episodes.push({ kinds, from, to: performance.now() });
  }

  async #together(plans: readonly Plan[]): Promise<void> {
    const active: ActiveFault[] = [];
    for (const plan of plans) {
      if (active.length > 0) await delay(COMPANION_DELAY_MS);
      active.push(await this.#begin(plan));
    }
    await delay(Math.max(...plans.map(({ lengthMs }) => lengthMs)));
    for (const { heal } of active.reverse()) await heal();
  }

  /** A fails, A returns, B fails: nobody waits for A to have caught up. */
  async #oneAfterTheOther(plans: readonly Plan[]): Promise<void> {
    for (const plan of plans) {
      const { heal } = await this.#begin(plan);
      await delay(plan.lengthMs);
      await heal();
    }
  }

  async #begin(plan: Plan): Promise<ActiveFault> {
    const active = await begin(plan, this.tools);
    this.#begun.push({ kind: plan.kind, fault: active });
    this.journal.note(`${active.what}, ${(plan.lengthMs / 1000).toFixed(1)} s`);
    return active;
  }

  /** Only now: whoever made calls fail may write on for a moment after it was healed. */
  #count(): void {
    for (const { kind, fault } of this.#begun) {
      const { begun, struck } = this.tallies.get(kind) ?? { begun: 0, struck: 0 };
      const hasStruck = fault.hasStruck();
      this.tallies.set(kind, { begun: begun + 1, struck: struck + (hasStruck ? 1 : 0) });
      if (!hasStruck) this.journal.note(`only armed: ${fault.what}`);
    }
    this.#begun = [];
  }
}
