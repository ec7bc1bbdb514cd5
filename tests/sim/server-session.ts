/**
 * The server's end of a simulated client connection: the session machine that ships, with bytes in
 * both directions delayed and in order. What `src/io/client-connection.ts` does with a socket.
 */
import type { StoreReply } from '../../src/base/store-request.js';
import { bytesOf } from '../../src/base/bytes.js';
import type { SessionEnvironment } from '../../src/resp/environment.js';
import { Session } from '../../src/resp/session.js';
import { QUIET_ENVIRONMENT } from '../helpers/quiet-environment.js';
import type { CoordinatorProcess } from './coordinator-process.js';
import type { World } from './world.js';

/** The client's end. */
export interface ClientEnd {
  bytes(chunk: Buffer): void;
  closed(): void;
}

const LIMITS: SessionEnvironment['limits'] = {
  maxKeyBytes: 1 << 16,
  maxValueBytes: 1 << 29,
  maxRequestArgs: 1 << 20,
  maxRequestBytes: 1 << 30,
  maxInFlight: 1024,
  maxInFlightBytes: 1 << 30,
  maxReplyBytes: 1 << 30,
};

const ENVIRONMENT = { ...QUIET_ENVIRONMENT, limits: LIMITS, coordinatorAddress: 'c:1' };

export class ServerSession {
  private readonly session: Session;
  private readonly life: number;
  private isFlushScheduled = false;
  private isDelivering = false;
  private awaitsTurn = false;
  private lastInAt = 0;
  private lastOutAt = 0;
  private isOver = false;

  constructor(
    readonly id: number,
    private readonly world: World,
    private readonly server: CoordinatorProcess,
    private readonly client: ClientEnd,
    private readonly delayMs: number,
  ) {
    const facts = { id, remoteAddress: `client:${id}`, localAddress: 'c:1' };
    this.session = new Session(ENVIRONMENT, facts, world.now);
    this.life = server.life;
  }

  /** From the client; arrives a little later. */
  send(chunk: Buffer): void {
    this.lastInAt = Math.max(this.lastInAt, this.world.now + this.world.delay(0, this.delayMs));
    this.world.schedule.at(this.lastInAt, () => {
      this.server.gate(this.life, () => {
        if (this.isOver) return;
        this.session.receive(chunk, this.world.now);
        this.pump();
      });
    });
  }

  complete(token: number, reply: StoreReply): void {
    this.session.complete(token, reply);
    this.pump();
  }

  /** The client goes away without waiting for anything. */
  hangUp(): void {
    this.isOver = true;
    this.server.sessions.delete(this.id);
  }

  /** The server died; what it had sent still arrives before the client hears of it. */
  lost(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.out(() => {
      this.client.closed();
    });
  }

  private pump(): void {
    if (!this.isDelivering) {
      this.isDelivering = true;
      const { session } = this;
      for (let some = session.takeRequests(); some.length > 0; some = session.takeRequests()) {
        for (const { token, request } of some) {
          this.server.request({ session: this.id, token }, request);
        }
      }
      this.isDelivering = false;
    }
    if (this.session.wantsTurn) this.awaitTurn();
    if (this.isFlushScheduled) return;
    this.isFlushScheduled = true;
    this.world.after(0, () => {
      this.server.gate(this.life, () => {
        this.flush();
      });
    });
  }

  private awaitTurn(): void {
    if (this.awaitsTurn) return;
    this.awaitsTurn = true;
    this.world.after(0, () => {
      this.server.gate(this.life, () => {
        this.awaitsTurn = false;
        if (this.isOver) return;
        this.session.beginTurn();
        this.pump();
      });
    });
  }

  private flush(): void {
    this.isFlushScheduled = false;
    if (this.isOver) return;
    for (const part of this.session.takeOutput()) {
      const bytes = bytesOf([part]);
      this.out(() => {
        this.client.bytes(bytes);
      });
    }
    if (this.session.closing !== null) this.lost();
  }

  private out(action: () => void): void {
    this.lastOutAt = Math.max(this.lastOutAt, this.world.now + this.world.delay(0, this.delayMs));
    this.world.schedule.at(this.lastOutAt, action);
  }
}
