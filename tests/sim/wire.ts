/**
 * The network of a simulated cluster: the in-memory connections, with delays, and paths that can be
 * cut, clogged and healed one by one.
 *
 * Within a connection and direction nothing is reordered. What meets a cut path either waits for
 * its end, as TCP sends again, or is lost for good, and then its connection is half-open: nobody is
 * told. What a dead process had sent may still arrive.
 */
import { DIAL_TIMEOUT_MS } from '../../src/ports/network.js';
import { type Lane, MemoryNetwork } from '../helpers/memory-network.js';
import type { Marks } from './marks.js';
import type { CrashKind, SimProcess } from './process.js';
import { WireMarks } from './wire-marks.js';
import type { World } from './world.js';

/** What waited for the end of a cut is sent again when its sender thinks of it: TCP backs off. */
const MAX_BACKOFF_MS = 2500;

type Queued = Pick<Lane, 'connection' | 'from' | 'to' | 'towards'>;

export interface WireProfile {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

export class Wire {
  readonly network: MemoryNetwork;
  readonly processes = new Map<string, SimProcess>();
  delivered = 0;
  private readonly seen: WireMarks;
  private readonly lastAt = new Map<string, number>();
  private readonly cuts = new Map<string, 'waits' | 'lost'>();
  private readonly parked = new Map<string, Queued[]>();
  /** Milliseconds that a path takes longer. */
  private readonly clogs = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly profile: WireProfile,
    private readonly marks: Marks,
  ) {
    this.network = new MemoryNetwork((lane) => {
      this.onQueued(lane);
    });
    this.seen = new WireMarks(this.network, marks);
  }

  cut(from: string, to: string, how: 'waits' | 'lost'): void {
    this.cuts.set(`${from}>${to}`, how);
  }

  /** Nothing is cut or clogged. */
  get isCalm(): boolean {
    return this.cuts.size === 0 && this.clogs.size === 0;
  }

  heal(from: string, to: string): void {
    const path = `${from}>${to}`;
    this.cuts.delete(path);
    const waiting = this.parked.get(path) ?? [];
    this.parked.delete(path);
    // Each connection backs off for itself, so an old one may speak after a newer one.
    const backoffs = new Map<string, number>();
    for (const lane of waiting) {
      const name = laneName(lane);
      const backoff = backoffs.get(name) ?? this.world.delay(0, MAX_BACKOFF_MS);
      backoffs.set(name, backoff);
      this.schedule(lane, backoff);
    }
  }

  clog(from: string, to: string, ms: number): void {
    this.clogs.set(`${from}>${to}`, ms);
  }

  unclog(from: string, to: string): void {
    this.clogs.delete(`${from}>${to}`);
  }

  healAll(): void {
    this.clogs.clear();
    for (const path of [...this.cuts.keys()]) {
      const [from = '', to = ''] = path.split('>');
      this.heal(from, to);
    }
  }

  /** Connections of a process break: both ends hear of it. */
  reset(name: string): void {
    const connections = this.network.connectionsOf(name);
    if (connections.length > 0) this.marks.hit('struck: connections reset');
    for (const id of connections) this.network.cut(id);
  }

  crash(name: string, kind: CrashKind): void {
    this.network.crash(name, kind);
    // Whose other end has not closed it is not forgotten.
    if (kind === 'powerCut' && this.network.connectionsOf(name).length > 0) {
      this.marks.hit('half-open: the other end lost power');
    }
  }

  private onQueued(lane: Queued): void {
    const sender = this.processes.get(lane.from);
    if (sender !== undefined && sender.isRunning && !sender.effect(sender.life)) return;
    this.schedule(lane);
  }

  private schedule(lane: Queued, backoffMs = 0): void {
    const { world, profile } = this;
    const name = laneName(lane);
    const clog = this.clogs.get(`${lane.from}>${lane.to}`) ?? 0;
    if (clog > 0) this.marks.hit('struck: bytes took longer on a clogged path');
    const delay = world.delay(profile.minDelayMs, profile.maxDelayMs);
    const wanted = world.now + backoffMs + clog + delay;
    const at = Math.max(wanted, this.lastAt.get(name) ?? 0);
    this.lastAt.set(name, at);
    world.schedule.at(at, () => {
      this.arrive(lane);
    });
  }

  private arrive(lane: Queued): void {
    const { network, world } = this;
    const path = `${lane.from}>${lane.to}`;
    const how = this.cuts.get(path);
    if (how !== undefined) {
      const isBothWays = this.cuts.has(`${lane.to}>${lane.from}`);
      if (network.next(lane) === 'dial') {
        this.seen.onCut(lane, 'a dial was lost', isBothWays);
        world.after(DIAL_TIMEOUT_MS, () => {
          network.abandon(lane.connection, 'connecting timed out');
        });
      } else if (how === 'lost') {
        this.seen.onCut(lane, 'bytes were lost', isBothWays);
        if (network.deafen(lane.connection, lane.towards)) {
          this.marks.hit('half-open: bytes were lost');
        }
      } else {
        this.seen.onCut(lane, 'bytes waited', isBothWays);
        this.parked.set(path, [...(this.parked.get(path) ?? []), lane]);
      }
      return;
    }
    const receiver = this.processes.get(lane.to);
    if (receiver?.isRunning === true) {
      if (network.resetIfUnknown(lane)) return;
      receiver.gate(receiver.life, () => {
        this.handOver(lane);
      });
    } else {
      this.handOver(lane);
    }
  }

  private handOver(lane: Queued): void {
    const { trace } = this.world;
    if (trace !== null) trace(`${lane.from}>${lane.to}`, this.network.describe(lane));
    this.seen.onArrival(lane);
    if (this.network.deliver(lane)) this.delivered += 1;
  }
}

function laneName({ connection, towards }: Queued): string {
  return `${connection}${towards}`;
}
