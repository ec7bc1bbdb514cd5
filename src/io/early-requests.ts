/**
 * Requests that arrive before the coordinator has read its log. They wait for it for a moment,
 * since most logs are short, and are then told that it is loading. Nothing of them has happened.
 */
import type { StoreReply, StoreRequest } from '../base/store-request.js';
import type { ClientRef } from '../coordinator/ready.js';

/** With what they may wait for the participants afterwards, still within a client's patience. */
const LONGEST_WAIT_MS = 500;

const LOADING: StoreReply = {
  type: 'error',
  code: 'LOADING',
  text: 'the coordinator is reading its log',
};

interface Held {
  readonly client: ClientRef;
  readonly request: StoreRequest;
  readonly timer: NodeJS.Timeout;
}

export class EarlyRequests {
  private readonly held = new Set<Held>();

  constructor(
    private readonly limit: number,
    private readonly answer: (client: ClientRef, reply: StoreReply) => void,
  ) {}

  hold(client: ClientRef, request: StoreRequest): void {
    if (this.held.size >= this.limit) {
      this.answer(client, LOADING);
      return;
    }
    const timer = setTimeout(() => {
      this.held.delete(held);
      this.answer(client, LOADING);
    }, LONGEST_WAIT_MS);
    const held: Held = { client, request, timer };
    this.held.add(held);
  }

  /** In the order of their arrival. */
  release(take: (client: ClientRef, request: StoreRequest) => void): void {
    for (const held of this.held) {
      clearTimeout(held.timer);
      take(held.client, held.request);
    }
    this.held.clear();
  }

  refuseAll(): void {
    this.release((client) => {
      this.answer(client, LOADING);
    });
  }
}
