/**
 * Connections between processes, for the shells of both roles: typed messages in and out.
 *
 * Contract (tests/conformance/network.ts holds every implementation to it):
 * - Within one connection and direction nothing is reordered, repeated or left out in the middle:
 *   what arrives is a beginning of what was sent. That a message was sent says nothing about its
 *   arrival; there is no sign of life beyond the messages themselves (a connection may be half-open
 *   for ever, so deadlines and heartbeats are the caller's).
 * - A handler is never called from within `dial`, `send`, `flush` or `close`, always later.
 * - `closed` comes once and last. After the caller's own `close` nothing comes at all, not even
 *   what had arrived already; after `closed`, `send` and `close` do nothing.
 * - Messages to one connection that are sent in one turn leave together in one write, at `flush` or
 *   at the end of the turn at the latest. A patient one may be held: it leaves with the next
 *   message on its connection that is not patient, or at `flushHeld`; its sender sees to it that
 *   one of them comes. `close` sends what is waiting first, then ends.
 * - Bytes that are no message close the connection with a reason; a dial that leads nowhere within
 *   `DIAL_TIMEOUT_MS` ends in `closed` without `opened`.
 */
import type { Reply, Request } from '../rpc/messages.js';

/** One attempt to connect takes at most so long, name resolution included. */
export const DIAL_TIMEOUT_MS = 1000;

/** After `close`, what was sent may take so long to leave before the connection is cut. */
export const CLOSE_LINGER_MS = 1000;

export interface PeerConnection<Out extends Request | Reply> {
  /** Unique within the network object that made it, never reused. */
  readonly id: number;
  send(message: Out, isPatient?: boolean): void;
  close(): void;
  /** Bytes sent that the operating system has not taken yet: who sends more than it must, looks. */
  readonly bufferedBytes: number;
  /** Bytes received, and bytes taken from us: they grow while a large message is on its way. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** What happens to a connection that we dialled. */
export interface DialHandler {
  opened(): void;
  reply(message: Reply): void;
  closed(reason: string): void;
}

export interface Network {
  /** One attempt to reach `HOST:PORT`. */
  dial(address: string, handler: DialHandler): PeerConnection<Request>;
  /** Sends what is waiting on any connection now, instead of at the end of the turn. */
  flush(): void;
  /** Whether patient messages may be waiting. */
  readonly isHolding: boolean;
  flushHeld(): void;
  /** Bytes received on all connections since the start, closed ones included. */
  readonly bytesRead: number;
}

/** What happens to a connection that a peer dialled. */
export interface AcceptHandler {
  request(message: Request): void;
  closed(reason: string): void;
}

/** Called for each connection that begins as a peer's does; replies go to the connection. */
export type PeerAcceptor = (connection: PeerConnection<Reply>) => AcceptHandler;
