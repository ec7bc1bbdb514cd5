/**
 * Connections on which a peer has spoken and not yet proved that it knows the cluster secret.
 *
 * Anybody can open them, so they are few and short: the oldest is ended for one too many, and each
 * when its time is over. Knows nothing of what is said on them. A peer that is ended without reason
 * dials again, as after any lost connection.
 */
import type { Millis } from '../base/ids.js';

/** A coordinator needs two at a time, each joiner one. */
export const MAX_UNPROVED_PEERS = 256;

/** Whoever dials gives a handshake up far earlier. */
export const UNPROVED_PEER_MS: Millis = 10_000;

interface Unproved {
  end(reason: string): void;
}

export class UnprovedPeers {
  /** In the order of their arrival. */
  private readonly timers = new Map<Unproved, NodeJS.Timeout>();

  /** Tests need neither wait so long nor open so many. */
  constructor(
    private readonly limit = MAX_UNPROVED_PEERS,
    private readonly patienceMs = UNPROVED_PEER_MS,
  ) {}

  /** To be removed when it has proved itself or is closed. */
  add(connection: Unproved): void {
    const [oldest] = this.timers.keys();
    if (oldest !== undefined && this.timers.size >= this.limit) {
      this.end(oldest, 'too many peers have not proved themselves');
    }
    const timer = setTimeout(() => {
      this.end(connection, `no proof within ${this.patienceMs} ms`);
    }, this.patienceMs);
    this.timers.set(connection, timer);
  }

  remove(connection: Unproved): void {
    clearTimeout(this.timers.get(connection));
    this.timers.delete(connection);
  }

  private end(connection: Unproved, reason: string): void {
    this.remove(connection);
    connection.end(reason);
  }
}
