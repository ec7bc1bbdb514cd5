/**
 * What goes wrong, drawn from the seed alone: the same seed gives the same faults in the same order
 * with the same parameters, whatever the machine does meanwhile. Every kind comes up once before
 * any comes up again.
 */
import { Prng } from '../../src/base/prng.js';
import type { Abilities, Ability } from './abilities.js';
import { COORDINATOR, ROLE_NAMES } from './chaos-cluster.js';
import { CLIENTS } from './topology.js';

export const KINDS = [
  'kill',
  'pause',
  'partition',
  'isolation',
  'full disk',
  'failing sync',
  'failing write',
  'short write',
  'failing start',
  'restart of all',
  'wiped disk',
  'clock jump',
] as const;
export type Kind = (typeof KINDS)[number];

const NEEDS: Readonly<Partial<Record<Kind, Ability>>> = {
  partition: 'partitions',
  isolation: 'partitions',
  'full disk': 'small disks',
  'failing sync': 'strace',
  'failing write': 'strace',
  'short write': 'strace',
  'failing start': 'strace',
  'clock jump': 'faketime',
};

/** They concern everybody, or need everybody else to be well. */
const ALONE: ReadonlySet<Kind> = new Set(['restart of all', 'wiped disk']);

export interface Plan {
  readonly kind: Kind;
  readonly target: string;
  /** The other end of a partition. */
  readonly other: string;
  /** A partition's directions. */
  readonly direction: 'to' | 'from' | 'both';
  /** How long the fault lasts. */
  readonly lengthMs: number;
  /** For whatever else the fault must choose. */
  readonly choice: number;
}

export interface Step {
  readonly quietMs: number;
  readonly plans: readonly Plan[];
  /** Each begins as soon as the one before is healed; otherwise all last at the same time. */
  readonly inTurn: boolean;
}

export class Schedule {
  /** Kinds that are left out, with the reason. */
  readonly skipped: readonly string[];
  readonly #prng: Prng;
  readonly #kinds: readonly Kind[];
  #deck: Kind[] = [];

  constructor(seed: number, abilities: Abilities) {
    this.#prng = new Prng(seed);
    const reasonOf = (kind: Kind): string | undefined => {
      const need = NEEDS[kind];
      return need === undefined ? undefined : abilities.missing.get(need);
    };
    this.#kinds = KINDS.filter((kind) => reasonOf(kind) === undefined);
    this.skipped = KINDS.filter((kind) => !this.#kinds.includes(kind)).map((kind) => {
      return `${kind} (${reasonOf(kind) ?? ''})`;
    });
  }

  next(): Step {
    const prng = this.#prng;
    const quietMs = 300 + prng.below(1200);
    const plans = [this.#draw(null)];
    const more = prng.chance(0.4) ? 1 + prng.below(2) : 0;
    const inTurn = prng.chance(0.5);
    const isAlone = ALONE.has(plans[0]?.kind ?? 'kill');
    while (!isAlone && plans.length <= more) plans.push(this.#draw(plans.at(-1) ?? null));
    // At the same time no more than two: one sound participant is always there.
    return { quietMs, plans: inTurn ? plans : plans.slice(0, 2), inTurn };
  }

  /** `beside`: a fault that lasts already, of which it must keep clear. */
  #draw(beside: Plan | null): Plan {
    const prng = this.#prng;
    const targets = ROLE_NAMES.filter((name) => name !== beside?.target);
    const kind = beside === null ? this.#deal() : this.#companion();
    const wiped = ROLE_NAMES.filter((name) => name !== COORDINATOR);
    const target = pick(prng, kind === 'wiped disk' ? wiped : targets);
    return {
      kind,
      target,
      other: pick(prng, partnersOf(target)),
      direction: pick(prng, ['to', 'from', 'both', 'both']),
      lengthMs: lengthOf(prng, kind),
      choice: prng.below(1 << 30),
    };
  }

  #deal(): Kind {
    if (this.#deck.length === 0) this.#deck = shuffled(this.#prng, this.#kinds);
    return this.#deck.pop() ?? 'kill';
  }

  #companion(): Kind {
    return pick(
      this.#prng,
      this.#kinds.filter((kind) => !ALONE.has(kind)),
    );
  }
}

/** Whom a partition can cut it off from so that somebody notices; its own peers most often. */
function partnersOf(target: string): string[] {
  const participants = ROLE_NAMES.filter((name) => name !== COORDINATOR);
  if (target === COORDINATOR) return [...participants, CLIENTS];
  const others = participants.filter((name) => name !== target);
  return [COORDINATOR, COORDINATOR, ...others];
}

/** Most faults are shorter than the time in which a failure is detected, or a little longer. */
function lengthOf(prng: Prng, kind: Kind): number {
  if (kind === 'clock jump' || kind === 'full disk') return 2500 + prng.below(2000);
  if (kind === 'restart of all') return prng.below(1500);
  return prng.chance(0.3) ? prng.below(900) : 1000 + prng.below(3500);
}

function pick<T>(prng: Prng, items: readonly T[]): T {
  const item = items[prng.below(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

export function shuffled<T>(prng: Prng, items: readonly T[]): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(prng.below(left.length), 1));
  return order;
}
