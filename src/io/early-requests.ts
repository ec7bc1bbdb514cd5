/**
 * Requests that arrive before the coordinator has read its log. They wait for it as long as for the
 * rest of the recovery, since most logs are short, and are then told that it is loading. Nothing of
 * them has happened. What they waited here is part of their time: it goes with them.
 */
import type { Millis } from '../base/ids.js';
import type { StoreReply, StoreRequest } from '../base/store-request.js';
import type { ClientRef } from '../coordinator/ready.js';

const LOADING: StoreReply = {
  type: 'error',
  code: 'LOADING',
  text: 'the coordinator is reading its log',
};

interface Held {
  readonly client: ClientRef;
  readonly request: StoreRequest;
  readonly arrivedAt: Millis;
  readonly timer: NodeJS.Timeout;
}

export interface EarlyRequestsOptions {
  /** How many may wait. */
  readonly limit: number;
  readonly waitMs: Millis;
  /** Monotonic milliseconds. */
  now(): Millis;
  answer(client: ClientRef, reply: StoreReply): void;
}

export class EarlyRequests {
  private readonly held = new Set<Held>();

  constructor(private readonly options: EarlyRequestsOptions) {}

  hold(client: ClientRef, request: StoreRequest): void {
    const { limit, waitMs } = this.options;
    if (this.held.size >= limit) {
      this.options.answer(client, LOADING);
      return;
    }
    const timer = setTimeout(() => {
      this.held.delete(held);
      this.options.answer(client, LOADING);
    }, waitMs);
    const held: Held = { client, request, arrivedAt: this.options.now(), timer };
    this.held.add(held);
  }

  /** In the order of their arrival, with what each has waited. */
  release(take: (client: ClientRef, request: StoreRequest, waitedMs: Millis) => void): void {
    const now = this.options.now();
    for (const { client, request, arrivedAt, timer } of this.held) {
      clearTimeout(timer);
      take(client, request, now - arrivedAt);
    }
    this.held.clear();
  }

  refuseAll(): void {
    this.release((client) => {
      this.options.answer(client, LOADING);
    });
  }
}
