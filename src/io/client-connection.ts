/**
 * One client's socket and its session: bytes in, store requests out, replies back. Writes are
 * gathered until the end of the turn of the event loop, so that replies to many requests, and to
 * many clients of one commit, cost one system call a connection.
 */
import type { Socket } from 'node:net';
import { type Bytes, bufferOf } from '../base/bytes.js';
import type { StoreReply, StoreRequest } from '../base/store-request.js';
import type { Trace } from '../ports/trace.js';
import type { Session } from '../resp/session.js';

export interface ConnectionOwner {
  readonly trace: Trace;
  now(): number;
  onStoreRequest(sessionId: number, token: number, request: StoreRequest): void;
  /** Has it flushed before anything else happens. */
  dirty(connection: ClientConnection): void;
  /** The socket is closed. Called once. */
  onGone(): void;
}

/** A client that takes no bytes at all for so long, while we want to close, is cut off. */
const LAST_BYTES_TIMEOUT_MS = 10_000;

/** How long a client may take to close its side once it has been sent everything. */
const LINGER_MS = 1000;

export class ClientConnection {
  private flushScheduled = false;
  private delivering = false;
  private awaitsTurn = false;
  private closing = false;

  constructor(
    private readonly socket: Socket,
    readonly session: Session,
    private readonly owner: ConnectionOwner,
  ) {}

  /** `firstBytes`: what was read before this connection was known to be a client's. */
  start(firstBytes: Buffer | null): void {
    const { socket, session } = this;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.owner.onGone());
    socket.on('drain', () => {
      session.noteUnsent(socket.writableLength);
      this.pump();
    });
    socket.on('end', () => {
      session.ended();
      this.pump();
    });
    if (firstBytes !== null) this.receive(firstBytes);
    socket.on('data', (chunk) => this.receive(chunk));
    this.adjustReading();
  }

  complete(token: number, reply: StoreReply): void {
    this.session.complete(token, reply);
    this.pump();
  }

  /** Executes nothing more and closes once everything under way is answered. */
  stop(): void {
    this.session.stop();
    this.pump();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.session.receive(chunk, this.owner.now());
    this.pump();
  }

  private pump(): void {
    this.deliverRequests();
    const { session, socket } = this;
    if (session.wantsTurn) this.awaitTurn();
    if (this.flushScheduled) return;
    const hasWork = session.hasOutput || session.closing !== null;
    if (!hasWork && session.wantsRead !== socket.isPaused()) return;
    this.flushScheduled = true;
    this.owner.dirty(this);
  }

  /** What else the event loop has to do goes first. */
  private awaitTurn(): void {
    if (this.awaitsTurn) return;
    this.awaitsTurn = true;
    setImmediate(() => {
      this.awaitsTurn = false;
      if (this.socket.destroyed) return;
      this.session.beginTurn();
      this.pump();
    });
  }

  /** In order also if the owner answers at once, which may bring further requests out. */
  private deliverRequests(): void {
    if (this.delivering) return;
    this.delivering = true;
    const { session } = this;
    for (let some = session.takeRequests(); some.length > 0; some = session.takeRequests()) {
      for (const { token, request } of some) this.owner.onStoreRequest(session.id, token, request);
    }
    this.delivering = false;
  }

  flush(): void {
    this.flushScheduled = false;
    const { session, socket } = this;
    if (socket.destroyed || this.closing) return;
    const verdict = session.closing;
    if (verdict !== null && !verdict.flush) {
      this.traceClosing(verdict.detail);
      socket.destroy();
      return;
    }
    this.write(session.takeOutput());
    if (verdict !== null) {
      if (verdict.reason === 'protocol error') this.traceClosing(verdict.detail);
      this.close();
      return;
    }
    session.noteUnsent(socket.writableLength);
    this.adjustReading();
    // Room in the socket may have let further requests go, or the last of them be seen.
    this.pump();
  }

  private write(parts: readonly Bytes[]): void {
    const { socket } = this;
    const [only] = parts;
    if (only === undefined) return;
    // What waits in a socket is bytes: a text would keep all the small ones that it is made of.
    const mustWait = socket.writableLength > 0;
    if (parts.length > 1) socket.cork();
    for (const part of parts) socket.write(mustWait ? bufferOf(part) : part, 'latin1');
    if (parts.length > 1) socket.uncork();
  }

  /**
   * `end` alone would leave the connection half open for as long as the client likes; to destroy it
   * with input unread would reset it, and could take the last replies with it. So: send all, drop
   * what still comes for a moment, destroy.
   */
  private close(): void {
    const { socket } = this;
    this.closing = true;
    socket.pause();
    socket.removeAllListeners('data');
    socket.setTimeout(LAST_BYTES_TIMEOUT_MS, () => socket.destroy());
    socket.end(() => {
      if (socket.readableEnded) {
        socket.destroy();
        return;
      }
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('end', () => socket.destroy());
      socket.once('close', () => clearTimeout(timer));
      socket.resume();
    });
  }

  private adjustReading(): void {
    const { socket, session } = this;
    const paused = socket.isPaused();
    if (session.wantsRead && paused) socket.resume();
    else if (!session.wantsRead && !paused) socket.pause();
  }

  private traceClosing(detail: string): void {
    const { id } = this.session;
    this.owner.trace.event('debug', 'client connection closed', { client: id, detail });
  }
}

/** `host:port`, an IPv6 host in brackets. */
export function formatAddress(host: string | undefined, port: number | undefined): string {
  const name = host ?? '?';
  return `${name.includes(':') ? `[${name}]` : name}:${port ?? 0}`;
}
