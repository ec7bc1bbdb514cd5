/**
 * A cluster of the shells that ship, over the log that ships, in one process: disks, network and
 * clocks are in memory. Each turn delivers what is on its way, ends the shells' turns, and lets
 * disk operations go one step on; when nothing moves, time jumps to the next alarm.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';
import type { StoreReply, StoreRequest } from '../../src/base/store-request.js';
import { Coordinator } from '../../src/coordinator/machine.js';
import { replayCoordinator } from '../../src/coordinator/replay.js';
import { CoordinatorShell } from '../../src/coordinator/shell.js';
import { Participant } from '../../src/participant/machine.js';
import { replayParticipant, startParticipantLog } from '../../src/participant/replay.js';
import { ParticipantShell } from '../../src/participant/shell.js';
import type { Clock } from '../../src/ports/clock.js';
import { SILENT_TRACE } from '../../src/ports/trace.js';
import { type OpenedFolder, openFolder } from '../../src/wal/folder.js';
import type { Log } from '../../src/wal/log.js';
import { COORDINATOR_SETTINGS } from '../helpers/coordinator-settings.js';
import { MemoryDisk } from '../helpers/memory-disk.js';
import { MemoryNetwork } from '../helpers/memory-network.js';

const COORDINATOR = '127.0.0.1:8001';
/** Where every folder of the cluster is. */
const ORIGIN = 'here';
const MAX_TURNS = 100_000;
/** Disk operations are a few turns of the event loop away; only then is nothing under way. */
const IDLE_TURNS = 20;

export interface ShellClusterOptions {
  readonly participants?: number;
  readonly checkpointAfterRecords?: number;
  readonly deltaMemoryBytes?: number;
  readonly companionCommands?: number;
}

class World {
  now = 0;
  readonly network = new MemoryNetwork();
  readonly alarms = new Map<object, { at: number; callback: () => void }>();
  deferred: (() => void)[] = [];

  clock(): Clock {
    const clock: Clock = {
      now: () => this.now,
      setAlarm: (at, callback) => {
        if (at === null) this.alarms.delete(clock);
        else this.alarms.set(clock, { at, callback });
      },
    };
    return clock;
  }

  async until(isReached: () => boolean): Promise<void> {
    let idle = 0;
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      if (isReached()) return;
      const lanes = this.network.lanes();
      for (const lane of lanes) this.network.deliver(lane);
      const callbacks = this.deferred;
      this.deferred = [];
      for (const callback of callbacks) callback();
      await nextTurn();
      idle = lanes.length + callbacks.length > 0 ? 0 : idle + 1;
      if (idle > IDLE_TURNS) this.jump();
    }
    throw new Error('the cluster did not get there');
  }

  private jump(): void {
    const next = [...this.alarms].sort(([, a], [, b]) => a.at - b.at)[0];
    if (next === undefined) return;
    const [clock, { at, callback }] = next;
    this.now = Math.max(this.now, at);
    this.alarms.delete(clock);
    callback();
  }
}

/** One role: its disk outlives its shell. */
class Role<Shell extends { close(): Promise<void> }> {
  disk = new MemoryDisk();
  shell: Shell | null = null;
  log: Log | null = null;
  endedFor = '';
  stores = 0;

  constructor(
    readonly address: string,
    readonly role: 'coordinator' | 'participant',
  ) {}

  get isSynced(): boolean {
    return this.log === null || this.log.syncedLsn === this.log.appendedLsn;
  }

  open(): Promise<OpenedFolder> {
    return openFolder(this.disk, {
      role: this.role,
      newStoreId: () => {
        this.stores += 1;
        return `${this.address.replace(/\D/g, '')}${this.stores}`.padStart(32, '0');
      },
      origin: ORIGIN,
      segmentBytes: 1 << 20,
      segmentRecords: 1000,
    });
  }
}

export class ShellCluster {
  readonly world = new World();
  readonly coordinator = new Role<CoordinatorShell>(COORDINATOR, 'coordinator');
  readonly participants: readonly Role<ParticipantShell>[];
  readonly replies: (StoreReply | undefined)[] = [];
  private seeds = 1;

  constructor(private readonly options: ShellClusterOptions = {}) {
    const ports = Array.from({ length: options.participants ?? 3 }, (_none, n) => 8002 + n);
    this.participants = ports.map((port) => new Role(`127.0.0.1:${port}`, 'participant'));
  }

  async start(): Promise<void> {
    await Promise.all(this.participants.map((role) => this.startParticipant(role)));
    await this.startCoordinator();
    await this.world.until(() => this.coordinator.shell?.machine.core.phase === 'serving');
  }

  async startCoordinator(): Promise<void> {
    const role = this.coordinator;
    const opened = await role.open();
    const { recovered } = await replayCoordinator(opened);
    const log = await opened.start();
    const clock = this.world.clock();
    const machine = new Coordinator({
      recovered,
      settings: this.coordinatorSettings(),
      ...opened.identity,
      isCopied: opened.isCopy,
      prng: this.prng(),
      trace: SILENT_TRACE,
      now: clock.now(),
    });
    role.log = log;
    role.shell = new CoordinatorShell({
      machine,
      log,
      clock,
      network: this.world.network.host(role.address),
      trace: SILENT_TRACE,
      defer: (callback) => this.world.deferred.push(callback),
      checkpointAfter: this.checkpointAfter(),
      onReply: ({ token }, reply) => {
        this.replies[token] = reply;
      },
      onServing: () => undefined,
      onEnd: (reason) => {
        role.endedFor = reason;
      },
    });
    role.shell.start();
  }

  async startParticipant(role: Role<ParticipantShell>): Promise<void> {
    const opened = await role.open();
    const replay = await replayParticipant(opened, this.options.deltaMemoryBytes ?? 1 << 20);
    const log = await startParticipantLog(opened, replay, ORIGIN);
    const clock = this.world.clock();
    const machine = new Participant({
      state: replay.state,
      settings: {
        coordinatorAddress: COORDINATOR,
        clusterSecret: '',
        maxMemoryBytes: 1 << 30,
        donorTimeoutMs: 3000,
        scrubIntervalMs: 1000,
      },
      ...opened.identity,
      prng: this.prng(),
      trace: SILENT_TRACE,
      now: clock.now(),
    });
    const shell = new ParticipantShell({
      machine,
      log,
      clock,
      network: this.world.network.host(role.address),
      trace: SILENT_TRACE,
      defer: (callback) => this.world.deferred.push(callback),
      pause: () => nextTurn(),
      checkpointAfter: this.checkpointAfter(),
      onEnd: (reason) => {
        role.endedFor = reason;
      },
    });
    role.log = log;
    role.shell = shell;
    this.world.network.listen(role.address, (connection) => shell.accept(connection));
    shell.start();
  }

  /** The process is gone, and with it whatever was not synced. */
  crash(role: Role<ParticipantShell> | Role<CoordinatorShell>): void {
    this.world.network.crash(role.address);
    role.disk.crash('none');
    role.shell = null;
  }

  /** Asks in the present turn; the reply is in `replies` under the number that is returned. */
  ask(request: StoreRequest): number {
    const token = this.replies.length;
    this.replies.push(undefined);
    this.coordinator.shell?.request({ session: 1, token }, request);
    return token;
  }

  async answer(request: StoreRequest): Promise<StoreReply> {
    const token = this.ask(request);
    await this.world.until(() => this.replies[token] !== undefined);
    const reply = this.replies[token];
    if (reply === undefined) throw new Error('no reply');
    return reply;
  }

  set(key: string, value: string): Promise<StoreReply> {
    const pairs = [[key, Buffer.from(value)]] as const;
    return this.answer({ type: 'write', command: { op: 'set', pairs } });
  }

  async get(key: string): Promise<string> {
    const reply = await this.answer({ type: 'read', command: { op: 'get', keys: [key] } });
    return reply.type === 'values' ? String(reply.values[0]) : JSON.stringify(reply);
  }

  private checkpointAfter(): { bytes: number; records: number } {
    return { bytes: Infinity, records: this.options.checkpointAfterRecords ?? Infinity };
  }

  private prng(): Prng {
    this.seeds += 1;
    return new Prng(this.seeds);
  }

  private coordinatorSettings(): Coordinator['core']['settings'] {
    return {
      ...COORDINATOR_SETTINGS,
      ownAddress: COORDINATOR,
      participants: this.participants.map(({ address }) => address),
      maxKeys: 1000,
      maxQueuedRequests: 1000,
      companionCommands: this.options.companionCommands ?? 1,
      companionReads: this.options.companionCommands ?? 1,
    };
  }
}
