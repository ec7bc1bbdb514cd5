/**
 * One seed from its first request to its verdict: clients at work under the planned faults, then
 * everything heals, the cluster must be whole again within a bound, and what clients saw and what
 * the participants hold is judged.
 */
import { PIECE_BYTES } from '../../src/base/limits.js';
import { SHARDS } from '../../src/storage/table.js';
import type { Operation } from '../checkers/history.js';
import type { Client } from './client.js';
import { Cluster } from './cluster.js';
import { checkLogs } from './log-check.js';
import { NOT_NOW } from './fault-names.js';
import { RIGHT_REFUSAL } from './expected-marks.js';
import { Faults } from './faults.js';
import { HarmDone, turnMark } from './harm.js';
import { COLD_KEYS } from './memory-rot.js';
import { Observer } from './observer.js';
import type { OnlyCopy } from './only-copy-faults.js';
import { drawOptions, type PlannedFault, type Reduction, type SimOptions } from './options.js';
import { bringBack, saidRefusal } from './refusal.js';
import { Supervisor } from './supervisor.js';
import { judge } from './verdict.js';

export interface SimResult {
  readonly options: SimOptions;
  readonly violations: readonly string[];
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Of the planned faults, how many took effect. */
  readonly harmDone: number;
  /** What the faults did, with their times. */
  readonly said: readonly string[];
  readonly marks: ReadonlyMap<string, number>;
  readonly transcript: readonly string[];
}

const FIRST_START_BOUND_MS = 10_000;
const WORK_BOUND_MS = 30_000;
/** What just died is suspected by then. */
const SETTLE_MS = 1500;
const WHOLE_BOUND_MS = 40_000;
/** One whose only copy is damaged will mostly never be whole. */
const ONLY_COPY_BOUND_MS = 5000;
/** Events between two looks; what a participant has resolved stays comparable. */
const LOOK_EVERY = 4;
const RETRY_MS = 100;
const MAX_ATTEMPTS = 60;
const ONLY_DECIDER_CUT =
  /not seen to be stored; needs \S+ \(but its log was cut before transaction \d+\)$/;
/** Writes that may fail before one must succeed: a dead connection is found out by using it. */
const PROBES = 3;
const PROBE_BOUND_MS = 10_000;

export class SimRun {
  readonly cluster: Cluster;
  readonly faults: Faults;
  private readonly observer: Observer;
  private readonly harmDone: HarmDone;
  private readonly supervisor: Supervisor;
  private readonly said: string[] = [];
  private readonly transcript: string[] = [];
  private readonly reader: Client;

  constructor(
    private readonly options: SimOptions,
    isTraced: boolean,
  ) {
    this.cluster = new Cluster(options);
    this.faults = new Faults(this.cluster, (line) => {
      this.say(line);
    });
    this.observer = new Observer(
      this.cluster,
      (process) => this.faults.damaged.has(process) || this.faults.replaced.has(process),
    );
    this.supervisor = new Supervisor(this.faults);
    this.harmDone = new HarmDone(this.cluster.marks);
    this.reader = this.cluster.makeClient(0);
    const { world } = this.cluster;
    world.afterEvent = () => {
      this.faults.look();
      if (world.events % LOOK_EVERY === 0) this.observer.look();
    };
    if (isTraced) {
      world.trace = (who, what) => {
        this.transcript.push(`${world.now.toFixed(2)} ${who}: ${what}`);
      };
    }
  }

  async run(): Promise<SimResult> {
    const { cluster } = this;
    try {
      if (await this.begin()) await this.work();
      if (cluster.violations.length === 0) await this.heal();
    } catch (error) {
      cluster.violations.push(error instanceof Error ? (error.stack ?? error.message) : 'unknown');
    }
    return this.result();
  }

  private async begin(): Promise<boolean> {
    const { cluster, reader } = this;
    cluster.start();
    const isWhole = await cluster.world.until(() => cluster.isWhole, FIRST_START_BOUND_MS);
    if (!isWhole) {
      cluster.violations.push(`the first start took too long: ${this.describe()}`);
      return false;
    }
    reader.ask({ op: 'set', pairs: COLD_KEYS.map((key) => [key, `value of ${key}`] as const) });
    await cluster.world.until(() => reader.isIdle, PROBE_BOUND_MS);
    this.supervisor.start();
    return true;
  }

  private async work(): Promise<void> {
    const { cluster, options } = this;
    const { world } = cluster;
    for (const client of cluster.clients) client.start();
    for (const fault of options.faults) {
      world.after(fault.at, () => {
        this.cause(fault, MAX_ATTEMPTS);
      });
    }
    const lastAt = world.now + (options.faults.at(-1)?.at ?? 0);
    const isOver = (): boolean =>
      cluster.violations.length > 0 ||
      (world.now >= lastAt && cluster.clients.every(({ isDone }) => isDone));
    await world.until(isOver, WORK_BOUND_MS, 50);
    for (const client of cluster.clients) client.stop();
  }

  /** A fault that must not happen just now waits for its moment, for a while. */
  private cause(fault: PlannedFault, attempts: number): void {
    const { world } = this.cluster;
    if (this.faults.isOver) return;
    this.harmDone.onTurn(fault.name);
    const text = this.faults.cause(fault.name, fault.seed);
    if (text === NOT_NOW && attempts > 1) {
      world.after(RETRY_MS, () => {
        this.cause(fault, attempts - 1);
      });
      return;
    }
    this.cluster.marks.hit(turnMark(fault.name, text));
    this.say(`${fault.name}: ${text}`);
  }

  private say(text: string): void {
    const { world } = this.cluster;
    const line = `${world.now.toFixed(0)} ${text}`;
    this.said.push(line);
    world.trace?.('FAULT', line);
  }

  private async heal(): Promise<void> {
    const { cluster } = this;
    this.stopFaults();
    await cluster.world.run(SETTLE_MS);
    // Damaged memory is found when every shard was looked at.
    if (this.options.scrubIntervalMs < 100) {
      await cluster.world.run(1.3 * SHARDS * this.options.scrubIntervalMs);
    }
    let isWhole = await this.becomesWhole();
    if (!isWhole && this.faults.onlyCopy !== null) {
      await this.judgeRefusal(this.faults.onlyCopy);
      isWhole = await this.becomesWhole();
    } else if (!isWhole && this.supervisor.help()) {
      isWhole = await this.becomesWhole();
    }
    if (!isWhole && this.isRightlyRefused()) {
      cluster.marks.hit(RIGHT_REFUSAL);
      cluster.violations.push(...judge(this.history()));
      return;
    }
    if (!isWhole) {
      cluster.violations.push(`not whole again: ${this.describe()}`);
      return;
    }
    await this.probe();
    if (cluster.violations.length === 0) {
      await cluster.world.until(
        () => this.states().size === 1 && this.staged().length === 0,
        PROBE_BOUND_MS,
      );
      this.compareReplicas();
      // What was sent ahead of a write that was given up must not take memory for ever.
      cluster.violations.push(...this.staged());
    }
    cluster.violations.push(...judge(await this.checkLogs()));
  }

  private becomesWhole(): Promise<boolean> {
    const { world } = this.cluster;
    const boundMs = this.faults.onlyCopy === null ? WHOLE_BOUND_MS : ONLY_COPY_BOUND_MS;
    return world.until(() => this.cluster.isWhole, boundMs, 50);
  }

  /** Nobody is served and the reason is told; then the folder is as it was. */
  private async judgeRefusal(copy: OnlyCopy): Promise<void> {
    const { violations, marks } = this.cluster;
    const said = await saidRefusal(this.cluster);
    if (said === '') violations.push(`does not say why it refuses: ${this.describe()}`);
    if (await this.askAll(1)) violations.push(`serves, and says: ${said}`);
    marks.hit(
      `refused: the only copy ${said.includes('holds everything') ? 'is older' : 'is gone'}`,
    );
    bringBack(copy);
    this.faults.onlyCopy = null;
  }

  private stopFaults(): void {
    const { cluster, faults } = this;
    faults.isOver = true;
    cluster.wire.healAll();
    cluster.second?.crash('killed');
    const all = [cluster.coordinator, ...cluster.participants];
    for (const process of all) {
      process.disk.capacity = Infinity;
      process.disk.failing = null;
      process.disk.syncMs = this.options.syncMs;
      process.crashAtEffect(Infinity, 'killed');
      if (process.isPaused) process.resume();
      process.start();
    }
  }

  /**
   * One member's folder was lost, and before it was replaced the log of the only other one was cut;
   * or a second coordinator stays away, and the log of the only one that may decide was cut under
   * it. Nobody can tell what that lacks: an operator must decide.
   */
  private isRightlyRefused(): boolean {
    const { cluster, faults } = this;
    const condition = cluster.coordinator.machine?.core.condition ?? '';
    const isReplaced = cluster.participants.some((each) => faults.replaced.has(each));
    if (isReplaced && /may decide has a log that was cut/.test(condition)) return true;
    return cluster.second !== null && ONLY_DECIDER_CUT.test(condition);
  }

  private async probe(): Promise<void> {
    if (!(await this.askAll(PROBES))) {
      this.cluster.violations.push(`the probe was answered ${this.lastError()}`);
    }
  }

  /** Writes, then reads everything. Whether the write succeeded. */
  private async askAll(probes: number): Promise<boolean> {
    const { cluster, reader } = this;
    const { world } = cluster;
    const { length: before } = reader.history;
    let isDone = false;
    for (let attempt = 1; attempt <= probes && !isDone; attempt += 1) {
      reader.ask({ op: 'set', pairs: [['probe', `after the faults ${attempt}`]] });
      await world.until(() => reader.isIdle, PROBE_BOUND_MS);
      isDone = reader.history.slice(before).at(-1)?.outcome === 'ok';
      if (!isDone) await world.run(SETTLE_MS);
    }
    for (const key of this.keys()) reader.ask({ op: 'get', keys: [key], values: [] });
    await world.until(() => reader.isIdle, PROBE_BOUND_MS);
    await world.run(200);
    return isDone;
  }

  /** What clients saw, as far as the logs leave it open. */
  private async checkLogs(): Promise<readonly Operation[]> {
    const { cluster } = this;
    const disks = cluster.configured().map(({ name, disk }) => [name, disk] as const);
    const history = this.history();
    const { violations, narrowed } = await checkLogs(cluster.coordinator.disk, disks, history);
    cluster.violations.push(...violations);
    return narrowed;
  }

  private lastError(): string {
    return [...this.reader.errors.keys()].at(-1) ?? 'never';
  }

  private keys(): string[] {
    const { keys, pairs } = this.options.workload;
    const single = Array.from({ length: keys }, (_none, n) => `k${n}`);
    const double = Array.from({ length: pairs }, (_none, n) => [`pair${n}.a`, `pair${n}.b`]);
    return [...single, ...double.flat(), ...COLD_KEYS];
  }

  private compareReplicas(): void {
    const { cluster } = this;
    const states = this.states();
    if (states.size > 1) cluster.violations.push(`replicas differ: ${[...states].join(' | ')}`);
    for (const { name, machine } of cluster.configured()) {
      for (const key of COLD_KEYS) {
        const value = machine?.state.table.get(key)?.toString();
        if (value !== `value of ${key}`) cluster.violations.push(`${key} at ${name}: ${value}`);
      }
    }
  }

  private staged(): string[] {
    return this.cluster.configured().flatMap(({ name, machine }) => {
      const stages = [...(machine?.state.stages.all() ?? [])];
      return stages.map((stage) => `${name} still holds ${stage.name}`);
    });
  }

  private states(): Set<string> {
    const states = this.cluster.configured().map(({ machine }) => {
      const state = machine?.state;
      return `${state?.resolved.txid} ${state?.resolved.chain} ${state?.table.digest()}`;
    });
    return new Set(states);
  }

  private history(): Operation[] {
    const { clients } = this.cluster;
    return [...clients, this.reader].flatMap(({ history }) => history);
  }

  private describe(): string {
    const { coordinator, participants } = this.cluster;
    const { machine } = coordinator;
    const peers = machine?.peers.all.map(
      (peer) =>
        `${peer.address} fenced=${peer.isFenced} ready=${peer.isReady} unsound=${peer.unsound} ` +
        `trouble=${peer.trouble} member=${machine.membership.has(peer)}`,
    );
    const down = participants.filter(({ isRunning }) => !isRunning).map(({ name }) => name);
    return (
      `c: running=${coordinator.isRunning} phase=${machine?.core.phase} ` +
      `condition=${machine?.core.condition} changing=${machine?.membership.isChanging} ` +
      `view=${JSON.stringify(machine?.membership.latest)} down=${down.join(' ')} ` +
      `${peers?.join('; ')}`
    );
  }

  private result(): SimResult {
    const { cluster } = this;
    const history = this.history();
    this.countReplies(history);
    return {
      options: this.options,
      violations: cluster.violations,
      operations: history.length,
      acknowledged: history.filter(({ outcome }) => outcome === 'ok').length,
      unknown: history.filter(({ outcome }) => outcome === 'unknown').length,
      events: cluster.world.events,
      virtualMs: cluster.world.now,
      harmDone: this.harmDone.count,
      said: this.said,
      marks: cluster.marks.counts,
      transcript: this.transcript,
    };
  }

  private countReplies(history: readonly Operation[]): void {
    const { clients, marks } = this.cluster;
    for (const { errors } of clients) {
      for (const [code, count] of errors) marks.hit(`reply: ${code}`, count);
    }
    const stored = history.filter((each) => each.outcome === 'ok' && isSentAhead(each));
    if (stored.length > 0) marks.hit('reply: OK for a large value', stored.length);
  }
}

/** It is too large for one frame. */
function isSentAhead({ action }: Operation): boolean {
  return action.op === 'set' && action.pairs.some(([, value]) => value.length > PIECE_BYTES);
}

/** The same again, whatever `drawOptions` makes of the seed by then. */
export function simulatePlan(options: SimOptions, isTraced = false): Promise<SimResult> {
  return new SimRun(options, isTraced).run();
}

export function simulate(
  seed: number,
  reduction: Reduction = {},
  isTraced = false,
): Promise<SimResult> {
  return simulatePlan(drawOptions(seed, reduction), isTraced);
}
