/**
 * Links between simulated processes: in order, with delays, broken by crashes and partitions.
 *
 * A link delivers in both directions in order. Cutting a path drops what is on its way and lets
 * either end find out late or never, as TCP does; messages are never reordered within a link.
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

export class SimLink {
  isOpen = true;
  private lastAt = { there: 0, back: 0 };

  constructor(
    private readonly schedule: Schedule,
    private readonly prng: Prng,
    private readonly cuts: Cuts,
    private readonly options: SimLinkOptions,
    readonly from: string,
    readonly to: string,
    /** End at `from`, which dialled. */
    readonly near: LinkEnd,
    readonly far: LinkEnd,
  ) {}

  send(direction: 'there' | 'back', message: unknown): void {
    if (!this.isOpen) return;
    const [source, target] = direction === 'there' ? [this.from, this.to] : [this.to, this.from];
    const { minDelayMs, maxDelayMs } = this.options;
    const delay = minDelayMs + (this.prng.next() / 2 ** 32) * (maxDelayMs - minDelayMs);
    const at = Math.max(this.schedule.now + delay, this.lastAt[direction]);
    this.lastAt[direction] = at;
    this.schedule.at(at, () => {
      this.arrive(direction, source, target, message);
    });
  }

  private arrive(
    direction: 'there' | 'back',
    source: string,
    target: string,
    message: unknown,
  ): void {
    if (!this.isOpen) return;
    if (this.cuts.has(source, target)) {
      // The bytes are lost for good once the path is cut: the link is dead, half open.
      this.isOpen = false;
      return;
    }
    (direction === 'there' ? this.far : this.near).deliver(message);
  }

  close(reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.schedule.after(this.options.minDelayMs, () => {
      if (!this.cuts.has(this.to, this.from)) this.near.closed(reason);
      if (!this.cuts.has(this.from, this.to)) this.far.closed(reason);
    });
  }
}
