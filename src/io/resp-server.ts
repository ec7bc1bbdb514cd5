/**
 * The TCP server around client sessions: it moves bytes between sockets and `resp/session.ts`,
 * hands store requests to its owner, and decides nothing else. All output of one turn of the event
 * loop leaves in one write a connection.
 *
 * A port may serve our own processes too: with `claim`, a connection that begins with its prefix is
 * handed over whole, paused and without our listeners, with all bytes read so far.
 *
 * Invariants: every socket has an error listener as long as it is ours; a half-closed client gets
 * all its replies; what a session says of reading and closing is done in the turn in which it says
 * it.
 */
import type { AddressInfo, Socket } from 'node:net';
import type { StoreReply, StoreRequest } from '../base/store-request.js';
import type { Trace } from '../ports/trace.js';
import { encodeReply } from '../resp/encode.js';
import type { Reply } from '../resp/replies.js';
import type { Session } from '../resp/session.js';
import { formatAddress, ClientConnection } from './client-connection.js';
import type { Door } from './door.js';
import { PrefixSniffer } from './prefix-sniffer.js';

export interface SessionFacts {
  readonly id: number;
  readonly remoteAddress: string;
  readonly localAddress: string;
}

export interface Claim {
  readonly prefix: Buffer;
  /** The socket is paused; the taker sets its listeners before it resumes it. */
  take(socket: Socket, firstBytes: Buffer): void;
}

export interface RespServerOptions {
  readonly maxClients: number;
  /** With those who have said nothing yet; more than clients alone. */
  readonly maxClientsAndSilent: number;
  /** What a client too many is told. */
  readonly refusal: Reply;
  readonly trace: Trace;
  readonly claim?: Claim;
  /** Monotonic milliseconds. */
  now(): number;
  makeSession(facts: SessionFacts, now: number): Session;
  onStoreRequest(sessionId: number, token: number, request: StoreRequest): void;
}

export interface RespServer {
  readonly address: AddressInfo;
  readonly sessions: Iterable<Session>;
  readonly sessionCount: number;
  readonly connectionsReceived: number;
  readonly connectionsRejected: number;
  /** Ignored if the client has gone meanwhile. */
  complete(sessionId: number, token: number, reply: StoreReply): void;
  /**
   * Accepts nothing more, lets every session answer what is under way, and cuts off after the grace
   * time. Resolves when no connection of a client is left.
   */
  close(graceMs: number): Promise<void>;
}

/** As Redis's `tcp-keepalive`. */
const KEEPALIVE_MS = 300_000;

const WARNING_INTERVAL_MS = 10_000;

class DoorRespServer implements RespServer {
  readonly sessions: Iterable<Session> = this.eachSession();
  connectionsReceived = 0;
  connectionsRejected = 0;
  private readonly connections = new Map<number, ClientConnection>();
  private readonly sniffers = new Set<PrefixSniffer>();
  private readonly dirty: ClientConnection[] = [];
  private nextSessionId = 1;
  private nextWarningAt = 0;
  private allGone: (() => void) | null = null;

  constructor(
    private readonly door: Door,
    private readonly options: RespServerOptions,
  ) {
    door.attend(
      (socket) => this.accept(socket),
      (error) => options.trace.event('error', `accepting: ${error.message}`),
    );
  }

  get address(): AddressInfo {
    return this.door.address;
  }

  get sessionCount(): number {
    return this.connections.size;
  }

  complete(sessionId: number, token: number, reply: StoreReply): void {
    this.connections.get(sessionId)?.complete(token, reply);
  }

  async close(graceMs: number): Promise<void> {
    this.door.close();
    for (const sniffer of this.sniffers) sniffer.destroy();
    for (const connection of this.connections.values()) connection.stop();
    if (this.connections.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        for (const connection of this.connections.values()) connection.destroy();
      }, graceMs);
      this.allGone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private eachSession(): Iterable<Session> {
    const connections = (): Iterable<ClientConnection> => this.connections.values();
    return {
      *[Symbol.iterator]() {
        for (const { session } of connections()) yield session;
      },
    };
  }

  private accept(socket: Socket): void {
    this.connectionsReceived += 1;
    socket.setKeepAlive(true, KEEPALIVE_MS);
    const { claim } = this.options;
    if (claim === undefined) this.open(socket, null);
    else this.sniff(socket, claim);
  }

  /**
   * Peers must get in however many clients there are. They speak at once, so when too many
   * connections have said nothing yet, the oldest of them is none of ours.
   */
  private sniff(socket: Socket, claim: Claim): void {
    const { maxClients, maxClientsAndSilent } = this.options;
    const { size } = this.sniffers;
    if (size >= maxClients || size + this.connections.size >= maxClientsAndSilent) {
      const [oldest] = this.sniffers;
      this.connectionsRejected += 1;
      oldest?.destroy();
    }
    const sniffer = new PrefixSniffer(socket, claim.prefix, (matched, firstBytes) => {
      this.sniffers.delete(sniffer);
      if (firstBytes === null) return;
      if (matched) claim.take(socket, firstBytes);
      else this.open(socket, firstBytes);
    });
    this.sniffers.add(sniffer);
  }

  private open(socket: Socket, firstBytes: Buffer | null): void {
    const { maxClients, refusal, trace } = this.options;
    const now = (): number => this.options.now();
    if (this.connections.size >= maxClients) {
      this.connectionsRejected += 1;
      this.warnOfRefusals(now());
      refuse(socket, refusal);
      return;
    }
    const id = this.nextSessionId;
    this.nextSessionId += 1;
    const facts: SessionFacts = {
      id,
      remoteAddress: formatAddress(socket.remoteAddress, socket.remotePort),
      localAddress: formatAddress(socket.localAddress, socket.localPort),
    };
    const connection = new ClientConnection(socket, this.options.makeSession(facts, now()), {
      now,
      trace,
      onStoreRequest: (session, token, request) => {
        this.options.onStoreRequest(session, token, request);
      },
      dirty: (one) => this.schedule(one),
      onGone: () => this.forget(id),
    });
    this.connections.set(id, connection);
    connection.start(firstBytes);
  }

  /** A flood of clients must not become a flood of lines. */
  private warnOfRefusals(now: number): void {
    if (now < this.nextWarningAt) return;
    this.nextWarningAt = now + WARNING_INTERVAL_MS;
    const { maxClients, trace } = this.options;
    const fields = { maxClients, refused: this.connectionsRejected };
    trace.event('warn', 'client refused: too many clients', fields);
  }

  /** One callback for all replies of one commit. */
  private schedule(connection: ClientConnection): void {
    this.dirty.push(connection);
    if (this.dirty.length > 1) return;
    process.nextTick(() => {
      for (const one of this.dirty.splice(0)) one.flush();
    });
  }

  private forget(id: number): void {
    this.connections.delete(id);
    if (this.connections.size === 0) this.allGone?.();
  }
}

/** Gone within this turn of the event loop: those who are refused are not counted. */
function refuse(socket: Socket, reply: Reply): void {
  socket.on('error', () => socket.destroy());
  socket.write(encodeReply(reply, 2), () => socket.destroy());
}

export function serveResp(door: Door, options: RespServerOptions): RespServer {
  return new DoorRespServer(door, options);
}
