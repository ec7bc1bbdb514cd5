/**
 * Links between simulated processes: in order, with delays, broken by crashes and partitions.
 *
 * A link delivers in both directions in order. Cutting a path drops what is on its way and lets
 * either end find out late or never, as TCP does. When one end closes, what it had sent may still
 * arrive, so a message of a dead coordinator can be handled after its successor has begun. Holding
 * a path keeps messages of some types, and all behind them, until they are released.
 */
import type { Prng } from '../../src/base/prng.js';
import type { Schedule } from './schedule.js';

export interface LinkEnd {
  /** A message of the other end. */
  deliver(message: unknown): void;
  closed(reason: string): void;
}

export interface SimLinkOptions {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

type Direction = 'there' | 'back';

/** Who can hear whom: `from>to` in the set is cut. */
export class Cuts {
  private readonly cut = new Set<string>();

  set(from: string, to: string, isCut: boolean): void {
    if (isCut) this.cut.add(`${from}>${to}`);
    else this.cut.delete(`${from}>${to}`);
  }

  has(from: string, to: string): boolean {
    return this.cut.has(`${from}>${to}`);
  }

  clear(): void {
    this.cut.clear();
  }
}

/** What must wait: for each path the types of messages, or all of them. */
export class Holds {
  private readonly held = new Map<string, Set<string> | null>();

  /** Without types: everything. */
  add(from: string, to: string, types: readonly string[]): void {
    this.held.set(`${from}>${to}`, types.length === 0 ? null : new Set(types));
  }

  remove(from: string, to: string): void {
    this.held.delete(`${from}>${to}`);
  }

  has(from: string, to: string, message: unknown): boolean {
    if (this.held.size === 0) return false;
    const types = this.held.get(`${from}>${to}`);
    if (types === undefined) return false;
    return types === null || (isTyped(message) && types.has(message.type));
  }
}

function isTyped(message: unknown): message is { readonly type: string } {
  return typeof message === 'object' && message !== null && 'type' in message;
}

/** The world that all links share. */
export interface Wires {
  readonly schedule: Schedule;
  readonly prng: Prng;
  readonly cuts: Cuts;
  readonly holds: Holds;
}

interface Flight {
  lastAt: number;
  isOpen: boolean;
  /** Arrived, and kept back by a hold, in order. */
  readonly waiting: (() => void)[];
}

export class SimLink {
  private readonly flights: Record<Direction, Flight> = {
    there: { lastAt: 0, isOpen: true, waiting: [] },
    back: { lastAt: 0, isOpen: true, waiting: [] },
  };

  constructor(
    private readonly wires: Wires,
    private readonly options: SimLinkOptions,
    readonly from: string,
    readonly to: string,
    /** End at `from`, which dialled. */
    readonly near: LinkEnd,
    readonly far: LinkEnd,
  ) {}

  get isOpen(): boolean {
    return this.flights.there.isOpen || this.flights.back.isOpen;
  }

  send(direction: Direction, message: unknown): void {
    const flight = this.flights[direction];
    if (!flight.isOpen) return;
    this.travel(direction, message, () => {
      this.end(direction).deliver(message);
    });
  }

  /**
   * The process at `by` closes its end, or dies. What it sent may still arrive, which `lingers`
   * decides; by default chance does.
   */
  close(by: 'near' | 'far', reason: string, lingers?: boolean): void {
    const [outward, inward]: Direction[] = by === 'near' ? ['there', 'back'] : ['back', 'there'];
    if (outward === undefined || inward === undefined) return;
    this.stop(inward);
    const flight = this.flights[outward];
    if (!flight.isOpen) return;
    const end = this.end(outward);
    if (lingers ?? (flight.waiting.length > 0 || this.wires.prng.chance(0.5))) {
      this.travel(outward, null, () => {
        this.stop(outward);
        end.closed(reason);
      });
      return;
    }
    this.stop(outward);
    const [source, target] = this.path(outward);
    this.wires.schedule.after(this.options.minDelayMs, () => {
      if (!this.wires.cuts.has(source, target)) end.closed(reason);
    });
  }

  /** Nothing arrives any more, and nobody is told: the other machine lost power. */
  die(): void {
    this.stop('there');
    this.stop('back');
  }

  isHeld(from: string, to: string): boolean {
    return (['there', 'back'] as const).some((direction) => {
      const [source, target] = this.path(direction);
      return source === from && target === to && this.flights[direction].waiting.length > 0;
    });
  }

  /** What was held on this path goes on, in order. */
  release(from: string, to: string): void {
    for (const direction of ['there', 'back'] as const) {
      const [source, target] = this.path(direction);
      if (source !== from || target !== to) continue;
      for (const arrive of this.flights[direction].waiting.splice(0)) arrive();
    }
  }

  private travel(direction: Direction, message: unknown, arrive: () => void): void {
    const { schedule, prng } = this.wires;
    const { minDelayMs, maxDelayMs } = this.options;
    const flight = this.flights[direction];
    const delay = minDelayMs + (prng.next() / 2 ** 32) * (maxDelayMs - minDelayMs);
    flight.lastAt = Math.max(schedule.now + delay, flight.lastAt);
    schedule.at(flight.lastAt, () => {
      this.arrive(direction, message, arrive);
    });
  }

  private arrive(direction: Direction, message: unknown, action: () => void): void {
    const flight = this.flights[direction];
    if (!flight.isOpen) return;
    const [source, target] = this.path(direction);
    if (this.wires.cuts.has(source, target)) {
      // The bytes are lost for good once the path is cut: the link is dead, half open.
      this.die();
      return;
    }
    if (flight.waiting.length > 0 || this.wires.holds.has(source, target, message)) {
      flight.waiting.push(() => {
        if (flight.isOpen) action();
      });
      return;
    }
    action();
  }

  private stop(direction: Direction): void {
    this.flights[direction].isOpen = false;
    this.flights[direction].waiting.length = 0;
  }

  private end(direction: Direction): LinkEnd {
    return direction === 'there' ? this.far : this.near;
  }

  private path(direction: Direction): [string, string] {
    return direction === 'there' ? [this.from, this.to] : [this.to, this.from];
  }
}
