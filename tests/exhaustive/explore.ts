/**
 * Visits every state of a small cluster that can be reached within a bound (`cases.ts`), each once,
 * breadth first, and holds the invariants in each of them.
 *
 * (1) What was acknowledged is prepared or applied durably on every member of the newest view in
 * the coordinator's log. At the end of a path all participants are equal and members, hold every
 * acknowledged write, none that was refused, and an unknown one everywhere or nowhere; and every
 * path comes to such an end. Where it takes one more write to get there, that is a *stall*: it is
 * counted, and the way to the first is told. (2) No two participants ever apply different outcomes
 * of one transaction. (3) No YES and no outcome leaves before what it promises is durable. Also: no
 * assertion fails, nobody halts, exits or finds itself damaged, no start takes its own log for
 * outrun, and no request is answered twice or never.
 */
import { Automaton } from './automaton.js';
import { CoordinatorProcess } from './coordinator-process.js';
import { type Bound, Events } from './events.js';
import { NO_SABOTAGE } from './local-process.js';
import { EMPTY_DISK } from './model-disk.js';
import { ParticipantProcess } from './participant-process.js';
import { StateTable } from './state-table.js';
import { type DonorWire, type Pair, pairText, wireText } from './wires.js';
import { Violation, World } from './world.js';

export interface Case extends Bound {
  readonly participants: number;
}

export interface Result {
  readonly states: number;
  readonly transitions: number;
  /** Events on the longest of the shortest ways to a state. */
  readonly depth: number;
  /** States in which everything has come to its end. */
  readonly ends: number;
  /** Transitions that are crashes. */
  readonly crashes: number;
  readonly coordinatorStates: number;
  readonly participantStates: number;
  readonly seconds: number;
  /** States in which everybody is there, and only one more write makes them all members again. */
  readonly stalls: number;
  /** The way to the first of these. */
  readonly stalledPath: readonly string[];
  /** Null: all is well. */
  readonly violation: { readonly what: string; readonly path: readonly string[] } | null;
}

/** A coordinator has very many states, and a participant a table of a few hundred kilobytes. */
const KEPT_COORDINATORS = 8000;
const KEPT_PARTICIPANTS = 100;

/** Values by number. */
class Interned<T> {
  private readonly ids = new Map<string, number>();
  private readonly values: T[] = [];

  idOf(text: string, value: T): number {
    const known = this.ids.get(text);
    if (known !== undefined) return known;
    this.ids.set(text, this.values.length);
    this.values.push(value);
    return this.values.length - 1;
  }

  at(id: number): T {
    const value = this.values[id];
    if (value === undefined) throw new Error(`nothing has number ${id}`);
    return value;
  }
}

/** The rest of a state: small, and the same in very many of them. */
type Rest = Pick<World, 'told' | 'applied' | 'crashes' | 'isExhausted'>;

export class Exploration {
  readonly coordinator: Automaton;
  readonly participants: readonly Automaton[];
  private readonly automata: readonly Automaton[];
  private readonly addresses: readonly string[];
  private readonly events: Events;
  private readonly table: StateTable;
  private readonly pairs = new Interned<Pair>();
  private readonly donors = new Interned<readonly DonorWire[]>();
  private readonly rests = new Interned<Rest>();
  /** The state before each, and its depth, by number. */
  private readonly before: number[] = [];
  private readonly depths: number[] = [];
  private transitions = 0;
  private crashed = 0;
  /** Numbers of the states in which everything has come to its end. */
  private readonly ends: number[] = [];
  private stalls = 0;
  private firstStall = -1;

  constructor(
    bound: Case,
    private readonly sabotage = NO_SABOTAGE,
  ) {
    const count = bound.participants;
    this.addresses = Array.from({ length: count }, (_, i) => `p${i + 1}:1`);
    this.coordinator = new Automaton(
      (saved) => new CoordinatorProcess(saved, this.addresses, sabotage),
      KEPT_COORDINATORS,
    );
    this.participants = this.addresses.map(
      (address) =>
        new Automaton(
          (saved) => new ParticipantProcess(saved, address, sabotage),
          KEPT_PARTICIPANTS,
        ),
    );
    this.automata = [this.coordinator, ...this.participants];
    this.events = new Events(bound);
    this.table = new StateTable(2 * count + 3);
  }

  /** Stops at the first violation. `limit`: gives up behind so many states, by throwing. */
  run(
    limit = Infinity,
    onProgress: (states: number, done: number, depth: number) => void = () => undefined,
  ): Result {
    const startedAt = performance.now();
    this.visit(this.formed(), -1);
    let violation: Result['violation'] = null;
    for (let index = 0; index < this.table.size && violation === null; index += 1) {
      if (this.table.size > limit) throw new Error(`more than ${limit} states`);
      if (index % 10_000 === 0) onProgress(this.table.size, index, this.depths[index] ?? 0);
      violation = this.expand(index);
    }
    return {
      states: this.table.size,
      transitions: this.transitions,
      depth: this.depths.at(-1) ?? 0,
      ends: this.ends.length,
      crashes: this.crashed,
      coordinatorStates: this.coordinator.size,
      participantStates: this.participants.reduce((sum, { size }) => sum + size, 0),
      stalls: this.stalls,
      stalledPath: this.firstStall < 0 ? [] : this.pathTo(this.firstStall),
      seconds: (performance.now() - startedAt) / 1000,
      violation,
    };
  }

  /** The states in which everything has come to its end, to compare with another exploration's. */
  endTexts(): string[] {
    const texts = this.ends.map((index) => {
      const { locals, pairs } = this.decode(this.table.get(index));
      const machines = locals.map((local, who) => this.automata[who]?.text(local));
      return [...machines, ...pairs.map(pairText)].join('\n');
    });
    return texts.sort();
  }

  /** A cluster whose first view is installed, nothing under way. */
  private formed(): World {
    const forming = new Events({ requests: 0, crashes: 0, isReduced: true });
    const locals = this.automata.map((automaton) => automaton.dead(EMPTY_DISK));
    let world = new World(this.automata, this.addresses, locals, this.sabotage.isBlind);
    while (!forming.isQuiet(world) || !forming.isWhole(world)) {
      const found: World[] = [];
      forming.all(world, (next) => found.push(next));
      // Participants start first; the coordinator is the first process of all.
      const next = found.at(-1);
      if (next === undefined) throw new Error('the first view is never installed');
      world = next;
    }
    world.applied = [];
    return world;
  }

  private expand(index: number): Result['violation'] {
    const world = this.decode(this.table.get(index));
    try {
      this.check(world, index);
      if (this.events.isStalled(world)) this.noteStall(index);
      this.events.all(world, (next) => {
        this.transitions += 1;
        if (next.crashes > world.crashes) this.crashed += 1;
        this.visit(next, index);
      });
      return null;
    } catch (error) {
      const path = this.pathTo(index);
      if (error instanceof Violation) return { what: error.message, path };
      throw error;
    }
  }

  private noteStall(index: number): void {
    this.stalls += 1;
    if (this.firstStall < 0) this.firstStall = index;
  }

  private visit(world: World, before: number): void {
    const size = this.table.size;
    this.table.add(this.encode(world));
    if (this.table.size === size) return;
    this.before.push(before);
    this.depths.push(before < 0 ? 0 : (this.depths[before] ?? 0) + 1);
  }

  private encode(world: World): number[] {
    const { told, applied, crashes, isExhausted } = world;
    const rest = { told, applied, crashes, isExhausted };
    const text = `${told.length}${told.join()}|${applied.join()}|${crashes}|${isExhausted}`;
    const { donors } = world;
    const donorText = donors.map((wire) => `${wire.joiner}-${wire.donor} ${wireText(wire)}`);
    return [
      ...world.locals,
      ...world.pairs.map((pair) => this.pairs.idOf(pairText(pair), pair)),
      this.donors.idOf(donorText.join(';'), donors),
      this.rests.idOf(text, rest),
    ];
  }

  private decode(row: readonly number[]): World {
    const count = this.automata.length;
    const { isBlind } = this.sabotage;
    const world = new World(this.automata, this.addresses, row.slice(0, count), isBlind);
    world.pairs = row.slice(count, 2 * count - 1).map((id) => this.pairs.at(id));
    world.donors = this.donors.at(row[2 * count - 1] ?? 0);
    Object.assign(world, this.rests.at(row[2 * count] ?? 0));
    return world;
  }

  /** What must be true in every state. */
  private check(world: World, index: number): void {
    const acknowledged = bitsOf(world, 'ok');
    const { members } = this.coordinator.durable(world.local(0));
    for (const address of members) {
      const who = this.addresses.indexOf(address) + 1;
      const { held } = world.automaton(who).durable(world.local(who));
      if ((acknowledged & ~held) !== 0) {
        throw new Violation(`p${who} is a member and lacks an acknowledged write`);
      }
    }
    if (!this.events.isWhole(world) || !this.events.isQuiet(world)) return;
    this.ends.push(index);
    this.checkEnd(world);
  }

  /** What must be true where everything has come to its end. */
  private checkEnd(world: World): void {
    const all = world.addresses.map((_address, index) => {
      return world.automaton(index + 1).facts(world.local(index + 1));
    });
    const [first] = all;
    if (first === undefined) return;
    if (all.some(({ position }) => position !== first.position)) {
      throw new Violation(`participants differ: ${all.map((each) => each.position).join(', ')}`);
    }
    if (world.told.includes('')) throw new Violation('a request is never answered');
    if ((bitsOf(world, 'ok') & ~first.applied) !== 0) {
      throw new Violation('an acknowledged write is lost');
    }
    if ((bitsOf(world, 'failed') & first.applied) !== 0) {
      throw new Violation('a write that was refused is there');
    }
  }

  private pathTo(index: number): string[] {
    const before = this.before[index] ?? -1;
    if (before < 0) return [];
    const wanted = this.table.get(index).join();
    let found = '?';
    this.events.all(this.decode(this.table.get(before)), (next, text) => {
      if (found === '?' && this.encode(next).join() === wanted) found = text();
    });
    return [...this.pathTo(before), found];
  }
}

/** Bits of the requests that were answered so. */
function bitsOf(world: World, wanted: string): number {
  return world.told.reduce(
    (bits, told, index) => (told === wanted ? bits | (1 << index) : bits),
    0,
  );
}
