/**
 * Clients of a simulated cluster: sessions that pipeline requests as a connection may (program
 * order holds as in `resp/session.ts`), on single keys and on pairs of keys that are always written
 * together. What they saw is judged in `judge.ts`.
 */
import { Prng } from '../../src/base/prng.js';
import type { StoreReply, StoreRequest, WriteCommand } from '../../src/base/store-request.js';
import { ProgramOrder } from '../../src/resp/program-order.js';
import { type Read, type Write, judgeAll } from './judge.js';
import type { SimCluster } from './sim-cluster.js';
import type { SimCoordinator } from './sim-coordinator.js';

export interface WorkloadOptions {
  readonly keys: number;
  /** Requests that one session may have under way. */
  readonly pipeline: number;
  readonly pairs: number;
}

interface Session {
  /** Of its present connection; a lost one is never used again. */
  id: number;
  readonly depth: number;
  /** Whom its connection leads to. */
  coordinator: SimCoordinator | null;
  order: ProgramOrder;
  underWay: number;
}

/** A request that a session wants to send next, decided before it may leave. */
interface Intent {
  readonly request: StoreRequest;
  readonly send: (
    coordinator: SimCoordinator,
    session: number,
  ) => (reply: StoreReply | null) => void;
}

export class Workload {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly errors = new Map<string, number>();
  /** What is wrong at first sight. */
  readonly oddities: string[] = [];
  isStopped = false;
  private values = 0;
  private sessionIds = 0;
  private serial = 0;
  private readonly prng: Prng;

  constructor(
    private readonly cluster: SimCluster,
    seed: number,
    private readonly options: WorkloadOptions,
    /** Coordinators that clients may take for theirs. */
    private readonly coordinators: () => readonly SimCoordinator[],
  ) {
    this.prng = new Prng(seed);
  }

  get acknowledged(): number {
    return this.writes.filter((write) => write.outcome === 'ok').length;
  }

  startClient(meanPauseMs: number): void {
    this.sessionIds += 1;
    const session: Session = {
      id: this.sessionIds,
      depth: 1 + this.prng.below(this.options.pipeline),
      coordinator: null,
      order: new ProgramOrder(1e9),
      underWay: 0,
    };
    this.later(session, meanPauseMs);
  }

  /** Sentences, one a violation; empty when everything is in order. */
  violations(): string[] {
    return [...this.oddities, ...judgeAll(this.writes, this.reads)];
  }

  private later(session: Session, meanPauseMs: number): void {
    const pause = (this.prng.next() / 2 ** 32) * 2 * meanPauseMs;
    this.cluster.schedule.after(pause, () => {
      if (this.isStopped) return;
      this.fill(session);
      this.later(session, meanPauseMs);
    });
  }

  private fill(session: Session): void {
    const all = this.coordinators();
    const chosen = all[this.prng.below(all.length)];
    const isIdle = session.underWay === 0 && session.coordinator !== chosen;
    if (isIdle || !isRunning(session.coordinator)) {
      this.reconnect(session);
      session.coordinator = chosen ?? null;
    }
    const { coordinator } = session;
    while (coordinator !== null && isRunning(coordinator) && session.underWay < session.depth) {
      const intent = this.intend();
      if (!session.order.mayLeave(intent.request, 0)) return;
      this.leave(session, coordinator, intent);
      if (this.prng.chance(0.3)) return;
    }
  }

  private leave(session: Session, coordinator: SimCoordinator, intent: Intent): void {
    const { order, id } = session;
    order.left(intent.request);
    session.underWay += 1;
    const settle = intent.send(coordinator, id);
    coordinator.request(id, intent.request, (reply) => {
      session.underWay -= 1;
      order.answered(intent.request, 0);
      settle(reply);
      if (reply === null && session.id === id) this.reconnect(session);
    });
  }

  private reconnect(session: Session): void {
    this.sessionIds += 1;
    session.id = this.sessionIds;
    session.order = new ProgramOrder(1e9);
    session.underWay = 0;
  }

  private intend(): Intent {
    const isWrite = this.prng.chance(0.5);
    const isPair = this.options.pairs > 0 && this.prng.chance(0.3);
    if (!isPair) {
      const key = `k${this.prng.below(this.options.keys)}`;
      return isWrite ? this.intendWrite(key, [key]) : this.intendRead(key, [key]);
    }
    const name = `pair${this.prng.below(this.options.pairs)}`;
    const keys = [`${name}.a`, `${name}.b`];
    return isWrite ? this.intendWrite(name, keys) : this.intendRead(name, keys);
  }

  private intendWrite(register: string, keys: readonly string[]): Intent {
    this.values += 1;
    const isDelete = this.prng.chance(0.1);
    const size = this.prng.chance(0.02) ? 700_000 : this.prng.below(50);
    const value = isDelete ? null : `${this.values}.${'v'.repeat(size)}`;
    const command = commandOf(keys, value);
    return {
      request: { type: 'write', command },
      send: (_coordinator, session) => {
        this.serial += 1;
        const write: Write = {
          key: register,
          value,
          session,
          serial: this.serial,
          calledAt: this.cluster.schedule.now,
          returnedAt: Infinity,
          outcome: 'open',
        };
        this.writes.push(write);
        return (reply) => {
          this.settleWrite(write, keys.length, reply);
        };
      },
    };
  }

  private settleWrite(write: Write, keys: number, reply: StoreReply | null): void {
    if (reply === null) {
      write.outcome = 'unknown';
      this.note('connection lost');
    } else if (reply.type === 'error') {
      this.note(reply.code);
      write.outcome = reply.code === 'UNKNOWN' ? 'unknown' : 'failed';
    } else {
      write.outcome = 'ok';
      write.returnedAt = this.cluster.schedule.now;
      if (reply.type === 'count' && reply.count !== 0 && reply.count !== keys) {
        this.oddities.push(`a DEL of ${write.key} found ${reply.count} of its ${keys} keys`);
      }
    }
  }

  private intendRead(register: string, keys: readonly string[]): Intent {
    return {
      request: { type: 'read', command: { op: 'get', keys } },
      send: (_coordinator, session) => {
        this.serial += 1;
        const { serial } = this;
        const calledAt = this.cluster.schedule.now;
        return (reply) => {
          if (reply?.type !== 'values') {
            this.note(reply?.type === 'error' ? `read ${reply.code}` : 'read lost');
            return;
          }
          const values = reply.values.map((value) => value?.toString() ?? null);
          const value = values[0] ?? null;
          if (values.some((other) => other !== value)) {
            this.oddities.push(`${register} was read half: ${values.map(shorten).join(' and ')}`);
          }
          const returnedAt = this.cluster.schedule.now;
          this.reads.push({ key: register, session, serial, calledAt, returnedAt, value });
        };
      },
    };
  }

  /** Reads every register once, when all is quiet. */
  readAll(): void {
    for (const key of new Set(this.writes.map((write) => write.key))) {
      const calledAt = this.cluster.schedule.now;
      const value = this.cluster.get(key.startsWith('pair') ? `${key}.b` : key);
      const returnedAt = this.cluster.schedule.now;
      this.reads.push({ key, session: 0, serial: 0, calledAt, returnedAt, value });
    }
  }

  private note(what: string): void {
    this.errors.set(what, (this.errors.get(what) ?? 0) + 1);
  }
}

function commandOf(keys: readonly string[], value: string | null): WriteCommand {
  if (value === null) return { op: 'del', keys };
  return { op: 'set', pairs: keys.map((key) => [key, Buffer.from(value)] as const) };
}

function isRunning(coordinator: SimCoordinator | null): boolean {
  return coordinator !== null && coordinator.machine !== null;
}

function shorten(value: string | null): string {
  return value?.slice(0, 12) ?? 'nil';
}
