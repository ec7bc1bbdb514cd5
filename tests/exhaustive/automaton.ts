/**
 * A process as a finite automaton whose states are numbered as they are found. A step from a state
 * is computed once, by the machine, and remembered; the machine in that state is kept for a while,
 * and made again from its inputs where it is not at hand. So the machines run as often as there are
 * different local situations, not as often as there are states of the whole cluster.
 */
import { hash } from 'node:crypto';
import { type Durable, durableOf } from './durable.js';
import {
  type Facts,
  type LocalInput,
  type LocalProcess,
  type Step,
  keyOf,
} from './local-process.js';
import { type SavedDisk, canonicalRecords } from './model-disk.js';

interface Local {
  /** The state before, and the input that led here; null for a process that is dead. */
  readonly from: Arrival | null;
  readonly facts: Facts;
  /** All records, those that are not synced included. */
  readonly saved: SavedDisk;
  readonly durable: Durable;
  readonly steps: Map<string, LocalStep>;
  /** Other ways that led here. */
  readonly others: Arrival[];
}

export interface Arrival {
  readonly id: number;
  readonly input: LocalInput | 'start';
}

export interface LocalStep extends Step {
  readonly input: LocalInput | 'start';
  readonly next: number;
}

const DEAD: Facts = {
  alarmIn: Infinity,
  isFlushing: false,
  isStoring: false,
  unsynced: 0,
  nextLink: 0,
  boundLinks: [],
  isCalm: false,
  position: '',
  applied: 0,
  complaint: '',
};

function keyOfText(text: string): string {
  return hash('sha256', text, 'base64').slice(0, 24);
}

const NOTHING: Step = { effects: [], unsynced: [], applied: [] };

export class Automaton {
  private readonly ids = new Map<string, number>();
  private readonly locals: Local[] = [];
  private readonly machines = new Map<number, LocalProcess>();
  /** Steps that the machines have made, and machines that were made again. */
  computed = 0;
  rebuilt = 0;

  constructor(
    private readonly make: (saved: SavedDisk) => LocalProcess,
    /** Machines that are kept. */
    private readonly keptMachines: number,
  ) {}

  get size(): number {
    return this.locals.length;
  }

  isDead(id: number): boolean {
    return this.at(id).from === null;
  }

  facts(id: number): Facts {
    return this.at(id).facts;
  }

  durable(id: number): Durable {
    return this.at(id).durable;
  }

  /** A process that does not run, with this folder. */
  dead(saved: SavedDisk): number {
    const { lives, clusterId, records, snapshot } = saved;
    const text = `dead ${lives} ${clusterId} ${canonicalRecords(records, snapshot)}`;
    return this.intern(text, () => ({
      from: null,
      facts: DEAD,
      saved,
      durable: durableOf(saved, records.length),
      steps: new Map(),
      others: [],
    }));
  }

  /** Dies; so many of the records that are not synced have reached the disk. */
  crash(id: number, kept: number): number {
    const { saved, facts } = this.at(id);
    const records = saved.records.slice(0, saved.records.length - facts.unsynced + kept);
    return this.dead({ ...saved, records });
  }

  start(id: number): number {
    const known = this.at(id).steps.get('start');
    if (known !== undefined) return known.next;
    const next = this.found(this.make(this.at(id).saved), id, 'start');
    this.at(id).steps.set('start', { input: 'start', ...NOTHING, next });
    return next;
  }

  step(id: number, input: LocalInput): LocalStep {
    const { steps } = this.at(id);
    const key = keyOf(input);
    const known = steps.get(key);
    if (known !== undefined) return known;
    this.computed += 1;
    const machine = this.machineAt(id);
    const step = machine.input(input);
    const made = { ...step, input, next: this.found(machine, id, input) };
    steps.set(key, made);
    return made;
  }

  /** The inputs that led here from the start of the process. */
  history(id: number): { readonly saved: SavedDisk; readonly inputs: LocalInput[] } {
    const inputs: LocalInput[] = [];
    let local = this.at(id);
    while (local.from !== null) {
      if (local.from.input !== 'start') inputs.push(local.from.input);
      local = this.at(local.from.id);
    }
    return { saved: local.saved, inputs: inputs.reverse() };
  }

  build(saved: SavedDisk, inputs: readonly LocalInput[]): LocalProcess {
    const machine = this.make(saved);
    for (const input of inputs) machine.input(input);
    return machine;
  }

  /** Of a process that runs: what tells its state from others. */
  text(id: number): string {
    const { saved, inputs } = this.history(id);
    return this.build(saved, inputs).canonical();
  }

  /** All steps that are known from this state. */
  stepsFrom(id: number): readonly LocalStep[] {
    return [...this.at(id).steps.values()];
  }

  /** Ways that led here beside the first one. */
  othersTo(id: number): readonly Arrival[] {
    return this.at(id).others;
  }

  /** The number of the state that a machine is in; -1 for one that was never found. */
  idOf(machine: LocalProcess): number {
    return this.ids.get(keyOfText(machine.canonical())) ?? -1;
  }

  private machineAt(id: number): LocalProcess {
    const kept = this.machines.get(id);
    if (kept !== undefined) {
      this.machines.delete(id);
      return kept;
    }
    this.rebuilt += 1;
    const { saved, inputs } = this.history(id);
    return this.build(saved, inputs);
  }

  private found(machine: LocalProcess, id: number, input: LocalInput | 'start'): number {
    const next = this.intern(machine.canonical(), () => {
      const facts = machine.facts();
      const saved = machine.save(facts.unsynced);
      const durable = durableOf(saved, saved.records.length - facts.unsynced);
      return { from: { id, input }, facts, saved, durable, steps: new Map(), others: [] };
    });
    const { from, others } = this.at(next);
    if (from?.id !== id || from.input !== input) others.push({ id, input });
    this.machines.delete(next);
    this.machines.set(next, machine);
    if (this.machines.size > this.keptMachines) {
      const [oldest] = this.machines.keys();
      if (oldest !== undefined) this.machines.delete(oldest);
    }
    return next;
  }

  private intern(text: string, make: () => Local): number {
    const key = keyOfText(text);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.locals.length;
    this.ids.set(key, id);
    this.locals.push(make());
    return id;
  }

  private at(id: number): Local {
    const local = this.locals[id];
    if (local === undefined) throw new Error(`no local state ${id}`);
    return local;
  }
}
