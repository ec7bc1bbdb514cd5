/**
 * A coordinator process in virtual time: the machine that ships, a simulated log and links.
 */
import { Prng } from '../../src/base/prng.js';
import type { StoreReply, StoreRequest } from '../../src/base/store-request.js';
import type { CoordinatorSettings } from '../../src/coordinator/core.js';
import { Coordinator } from '../../src/coordinator/machine.js';
import type { CoordinatorInput } from '../../src/coordinator/ready.js';
import { CoordinatorRecovery } from '../../src/coordinator/recovery.js';
import type { Reply } from '../../src/rpc/messages.js';
import type { WalRecord } from '../../src/wal/record.js';
import type { SimCluster } from './sim-cluster.js';
import { SimLog } from './sim-log.js';
import type { SimLink } from './sim-network.js';

/** A copy of a coordinator's folder. */
export interface SavedFolder {
  readonly log: SimLog;
  readonly identity: SimCoordinator['identity'];
}

export class SimCoordinator {
  log = new SimLog();
  machine: Coordinator | null = null;
  isPaused = false;
  /** Why it stopped by itself; '' while it did not. */
  exitReason = '';
  identity: { storeId: string; clusterId: string; generation: number };
  private life = 0;
  private readonly links = new Map<number, SimLink>();
  private isSyncing = false;
  private lsnBase = 0;
  private segment: { readonly at: number; readonly preamble: readonly WalRecord[] } | null = null;
  private held: (() => void)[] = [];
  private alarmAt = Infinity;
  private readonly prng: Prng;
  private readonly waiting = new Map<number, (reply: StoreReply | null) => void>();
  private tokens = 0;
  private isTurnScheduled = false;

  constructor(
    private readonly cluster: SimCluster,
    readonly name: string,
    seed: number,
    private settings: CoordinatorSettings,
  ) {
    this.prng = new Prng(seed);
    this.identity = { storeId: `${name}-${seed}`, clusterId: '', generation: 0 };
  }

  start(isCopied = false): void {
    if (this.machine !== null) return;
    this.life += 1;
    this.exitReason = '';
    const recovery = new CoordinatorRecovery();
    for (const record of this.log.records) recovery.feed(record);
    recovery.hintEpoch(this.log.epoch);
    recovery.hintView(this.log.view);
    this.lsnBase = this.log.records.length;
    this.isSyncing = false;
    this.isPaused = false;
    this.isTurnScheduled = false;
    this.segment = null;
    this.machine = new Coordinator({
      recovered: recovery.finish(),
      settings: this.settings,
      ...this.identity,
      isCopied,
      prng: new Prng(this.prng.next()),
      trace: this.cluster.traceOf(this),
      now: this.cluster.schedule.now,
    });
    this.input({ type: 'tick' });
  }

  /** `isSilent`: nobody is told of closed connections. */
  crash(isSilent = false): void {
    if (this.machine === null) return;
    this.machine = null;
    this.life += 1;
    this.held = [];
    this.log.crash(this.prng);
    for (const link of this.links.values()) {
      if (isSilent) link.die();
      else link.close('near', 'the coordinator died');
    }
    this.links.clear();
    this.alarmAt = Infinity;
    for (const settle of this.waiting.values()) settle(null);
    this.waiting.clear();
  }

  /** Its folder is lost. */
  wipe(): void {
    this.crash();
    this.log = new SimLog();
    const storeId = `${this.name}-${this.prng.next()}`;
    this.identity = { storeId, clusterId: '', generation: 0 };
  }

  saveFolder(): SavedFolder {
    return { log: this.log.copy(), identity: { ...this.identity } };
  }

  /** The folder becomes what another one is, or what it was once. */
  restoreFolder(saved: SavedFolder): void {
    this.crash();
    this.log = saved.log.copy();
    this.identity = { ...saved.identity };
  }

  /** In force from the next start on. */
  reconfigure(changes: Partial<CoordinatorSettings>): void {
    this.settings = { ...this.settings, ...changes };
  }

  shutdown(): void {
    this.input({ type: 'shutdown' });
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const action of this.held.splice(0)) action();
    this.turn();
  }

  /** `settle` is called once: with the reply, or null when the connection was lost. */
  request(
    session: number,
    request: StoreRequest,
    settle: (reply: StoreReply | null) => void,
  ): void {
    if (this.machine === null) {
      settle(null);
      return;
    }
    this.tokens += 1;
    this.waiting.set(this.tokens, settle);
    this.input({ type: 'client', client: { session, token: this.tokens }, request });
  }

  private input(input: CoordinatorInput): void {
    const { life } = this;
    const run = (): void => {
      if (this.life !== life || this.machine === null) return;
      this.machine.step(input, this.cluster.schedule.now);
      this.turn();
    };
    if (this.isPaused) this.held.push(run);
    else run();
  }

  /** As a real event loop does: what arrives at the same time is drained once. */
  private turn(): void {
    if (this.isTurnScheduled) return;
    this.isTurnScheduled = true;
    const { life } = this;
    this.cluster.schedule.after(0.01, () => {
      if (this.life !== life) return;
      this.isTurnScheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    const { machine, cluster } = this;
    if (machine === null || this.isPaused) return;
    for (;;) {
      const ready = machine.takeReady();
      if (ready === null) break;
      if (ready.adopt !== null) this.identity = { ...this.identity, ...ready.adopt };
      if (!this.persist(ready.persist)) return;
      for (const { dial, message } of ready.send) {
        if (cluster.effect(this, 'send', message)) return;
        this.links.get(dial)?.send('there', message);
      }
      for (const { client, reply } of ready.reply) {
        if (cluster.effect(this, 'reply', reply)) return;
        cluster.observer?.replied?.(this.name, client, reply);
        const settle = this.waiting.get(client.token);
        this.waiting.delete(client.token);
        settle?.(reply);
      }
      for (const { dial, address } of ready.dial) this.dial(dial, address);
      for (const dial of ready.close) {
        const link = this.links.get(dial);
        this.links.delete(dial);
        link?.close('near', 'given up');
      }
      if (ready.checkpoint !== null) this.roll(ready.checkpoint);
      this.sync(ready.urgent);
      if (ready.exit !== null) {
        this.exitReason = ready.exit;
        cluster.observer?.exited?.(this.name, ready.exit);
        this.crash();
        return;
      }
    }
    const at = machine.nextTimeoutAt();
    if (at >= this.alarmAt) return;
    this.alarmAt = at;
    const { life } = this;
    cluster.schedule.at(at, () => {
      if (this.life !== life || this.alarmAt !== at) return;
      this.alarmAt = Infinity;
      this.input({ type: 'tick' });
    });
  }

  checkpoint(): void {
    const { machine } = this;
    if (machine === null || this.isPaused) return;
    this.pump();
    if (this.machine !== machine) return; // Died of what it had to do first.
    machine.beginCheckpoint(this.cluster.schedule.now);
    this.pump();
  }

  private persist(records: readonly WalRecord[]): boolean {
    for (const record of records) {
      this.log.append([record]);
      if (this.cluster.effect(this, 'append', record)) return false;
    }
    return true;
  }

  private roll(preamble: Parameters<SimLog['append']>[0]): void {
    this.segment ??= { at: this.log.records.length, preamble };
    this.removeOldSegments();
  }

  /** The new segment begins at `at`; what is older goes once all of it is on disk. */
  private removeOldSegments(): void {
    const { segment, log } = this;
    if (segment === null || log.durable < segment.at) return;
    this.segment = null;
    const { at, preamble } = segment;
    const newer = log.records.slice(at);
    const durable = log.durable - at;
    this.lsnBase += preamble.length - at;
    log.replace(null, [...preamble, ...newer]);
    log.durable = preamble.length + durable;
  }

  private sync(isUrgent: boolean): void {
    const { life, log } = this;
    const target = log.records.length;
    if (this.isSyncing || (target === log.durable && !isUrgent)) return;
    this.isSyncing = true;
    const delay = (isUrgent ? 0 : 5) + this.cluster.syncDelay(this.name);
    const goal = target - this.lsnBase;
    this.cluster.schedule.after(delay, () => {
      if (this.life !== life || this.log !== log) return;
      this.isSyncing = false;
      log.syncTo(goal + this.lsnBase);
      if (this.cluster.effect(this, 'synced')) return;
      this.removeOldSegments();
      this.input({ type: 'synced', lsn: goal });
      if (log.records.length > log.durable) this.sync(true);
    });
  }

  private dial(dial: number, address: string): void {
    const { life } = this;
    this.cluster.dial(this.name, address, {
      opened: (link) => {
        if (this.life !== life) return;
        this.links.set(dial, link);
        this.input({ type: 'dialOpened', dial });
      },
      reply: (_link: SimLink, message: Reply) => {
        if (this.life === life) this.input({ type: 'dialReply', dial, message });
      },
      closed: (_link, reason) => {
        if (this.life !== life) return;
        this.links.delete(dial);
        this.input({ type: 'dialClosed', dial, reason });
      },
    });
  }
}
