/**
 * The network port over TCP: dials other processes, and takes over sockets on which a peer spoke.
 *
 * Gathers what is sent in one turn of the event loop over all connections and flushes it at the
 * end of the turn, unless the shell does so before. Keeps no list of connections beyond those that
 * have yet to prove themselves, and never dials again by itself: a shell that wants to reconnect
 * calls `dial` once more.
 */
import { connect, Socket } from 'node:net';
import { type Address, parseAddress } from '../config/address.js';
import type { Bytes } from '../base/bytes.js';
import { NO_EPOCH } from '../base/ids.js';
import {
  DIAL_TIMEOUT_MS,
  type DialHandler,
  type Network,
  type PeerAcceptor,
  type PeerConnection,
} from '../ports/network.js';
import { encodeReply, encodeRequest } from '../rpc/codec.js';
import type { Reply, Request } from '../rpc/messages.js';
import { ReplyReader } from '../rpc/reply-reader.js';
import { RequestFrames } from '../rpc/request-frames.js';
import { PeerSocket, type PeerRole, type PeerSocketOwner } from './peer-socket.js';
import { UnprovedPeers } from './unproved-peers.js';

export class TcpNetwork implements Network, PeerSocketOwner {
  bytesRead = 0;
  private lastId = 0;
  private waiting = new Set<{ flush(): void }>();
  private readonly held = new Set<{ flush(): void }>();
  private endOfTurn: NodeJS.Immediate | null = null;
  /** What was encoded last: every member gets the same PREPARE. */
  private encoded: { readonly message: Request; readonly frame: readonly Bytes[] } | null = null;

  /** Tests need not wait for the real limits. */
  constructor(
    private readonly dialTimeoutMs = DIAL_TIMEOUT_MS,
    private readonly unproved = new UnprovedPeers(),
  ) {}

  dial(address: string, handler: DialHandler): PeerConnection<Request> {
    const socket = connectTo(address);
    const reader = new ReplyReader();
    const connection = new PeerSocket<Request, Reply>(
      this.nextId(),
      socket,
      {
        encode: (message) => this.encodeOnce(message),
        decode: (chunk) => reader.push(chunk),
        farewell: () => [],
        received: (message) => handler.reply(message),
        ended: (reason) => handler.closed(reason),
      },
      this,
    );
    const timer = setTimeout(() => {
      connection.end(`no connection within ${this.dialTimeoutMs} ms`);
    }, this.dialTimeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => {
      clearTimeout(timer);
      if (connection.isOpen()) handler.opened();
    });
    return connection;
  }

  /**
   * Takes over a socket that nobody else listens to any more. `firstBytes`: what was read from it
   * already; it begins with `PEER_PREFIX`. Requests may come before this returns.
   */
  acceptPeer(socket: Socket, firstBytes: Buffer, acceptor: PeerAcceptor): void {
    const frames = new RequestFrames();
    const role: PeerRole<Reply, Request> = {
      encode: (message) => {
        if (message.type === 'proved') this.unproved.remove(connection);
        return encodeReply(message);
      },
      decode: (chunk) => frames.push(chunk),
      farewell: (text) => {
        return encodeReply({ type: 'refused', code: 'protocol', text, epoch: NO_EPOCH });
      },
      received: (message) => handler.request(message),
      ended: (reason) => handler.closed(reason),
    };
    const connection = new PeerSocket<Reply, Request>(this.nextId(), socket, role, this);
    this.unproved.add(connection);
    socket.once('close', () => this.unproved.remove(connection));
    const handler = acceptor(connection);
    if (socket.destroyed) {
      connection.end('the connection was lost');
      return;
    }
    connection.receive(firstBytes);
    socket.resume();
  }

  flush(): void {
    if (this.endOfTurn !== null) clearImmediate(this.endOfTurn);
    this.endOfTurn = null;
    const connections = this.waiting;
    this.waiting = new Set();
    for (const connection of connections) {
      connection.flush();
      this.held.delete(connection);
    }
  }

  dirty(connection: { flush(): void }): void {
    this.waiting.add(connection);
    this.endOfTurn ??= setImmediate(() => this.flush());
  }

  get isHolding(): boolean {
    return this.held.size > 0;
  }

  holding(connection: { flush(): void }): void {
    this.held.add(connection);
  }

  flushHeld(): void {
    for (const connection of this.held) connection.flush();
    this.held.clear();
  }

  countRead(bytes: number): void {
    this.bytesRead += bytes;
  }

  private encodeOnce(message: Request): readonly Bytes[] {
    if (this.encoded?.message !== message) {
      this.encoded = { message, frame: encodeRequest(message) };
    }
    return this.encoded.frame;
  }

  private nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }
}

/** A bad address fails like a connection does: later, and through the socket. */
function connectTo(address: string): Socket {
  let target: Address;
  try {
    target = parseAddress(address);
  } catch (error) {
    return new Socket().destroy(error instanceof Error ? error : new Error(String(error)));
  }
  return connect({ host: target.host, port: target.port });
}
