/**
 * A real server on a free port with a Map for a store, so that sockets, sessions and client
 * libraries are tested without a cluster. Answers come a turn of the event loop later, or when the
 * test says so.
 */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { StoreReply, StoreRequest } from '../../../src/base/store-request.js';
import { Door } from '../../../src/io/door.js';
import { type Claim, type RespServer, serveResp } from '../../../src/io/resp-server.js';
import { SILENT_TRACE } from '../../../src/ports/trace.js';
import { CommandStatistics } from '../../../src/resp/command-statistics.js';
import type { ReplyFormatSetting, SessionEnvironment } from '../../../src/resp/environment.js';
import { tooManyClients } from '../../../src/resp/error-replies.js';
import { formatInfo, persistenceSection, replicationSection } from '../../../src/resp/info.js';
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from '../../../src/resp/limits.js';
import { Session } from '../../../src/resp/session.js';

export interface FakeOptions {
  readonly limits?: Partial<SessionLimits>;
  readonly port?: number;
  readonly maxClients?: number;
  readonly maxClientsAndSilent?: number;
  readonly maxSockets?: number;
  readonly replyFormat?: ReplyFormatSetting;
  readonly claim?: Claim;
  /** Requests wait until `answerAll`. */
  readonly manual?: boolean;
  /** Answers come before `onStoreRequest` returns. */
  readonly immediate?: boolean;
  /** Called for each INFO, before it is answered. */
  readonly onInfo?: () => void;
}

export class FakeStoreServer {
  readonly values = new Map<string, Buffer>();
  readonly requests: StoreRequest[] = [];
  private server: RespServer | null = null;
  private readonly waiting: (() => void)[] = [];
  private readonly sockets: Socket[] = [];

  static async start(options: FakeOptions = {}): Promise<FakeStoreServer> {
    const fake = new FakeStoreServer();
    await fake.listen(options);
    return fake;
  }

  get resp(): RespServer {
    if (this.server === null) throw new Error('not started');
    return this.server;
  }

  get port(): number {
    return this.resp.address.port;
  }

  async connect(allowHalfOpen = true): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1', allowHalfOpen });
    this.sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  answerAll(): void {
    for (const answer of this.waiting.splice(0)) answer();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.resp.close(0);
  }

  private async listen(options: FakeOptions): Promise<void> {
    const { limits, maxClients = 100, claim, replyFormat = 'redis' } = options;
    const statistics = new CommandStatistics();
    const environment: SessionEnvironment = {
      role: 'coordinator',
      replyFormat,
      requirepass: '',
      limits: { ...DEFAULT_SESSION_LIMITS, ...limits },
      coordinatorAddress: '',
      info: (sections) => {
        options.onInfo?.();
        const parts = [persistenceSection(false, []), replicationSection('coordinator', [])];
        return formatInfo(parts, sections);
      },
      configEntries: () => [],
      clients: () => Array.from(this.resp.sessions, (session) => session.describe(0)),
      wallClockMicros: () => 0,
      countCommand: (name, verdict) => statistics.count(name, verdict),
    };
    const { port = 0, maxClientsAndSilent = Infinity, maxSockets = Infinity } = options;
    const door = await Door.open({ host: '127.0.0.1', port, maxWaiting: maxClients, maxSockets });
    this.server = serveResp(door, {
      maxClients,
      maxClientsAndSilent,
      refusal: tooManyClients(replyFormat),
      trace: SILENT_TRACE,
      ...(claim === undefined ? {} : { claim }),
      now: () => performance.now(),
      makeSession: (facts, now) => new Session(environment, facts, now),
      onStoreRequest: (sessionId, token, request) => {
        this.requests.push(request);
        const answer = (): void => this.resp.complete(sessionId, token, this.execute(request));
        if (options.immediate === true) answer();
        else if (options.manual === true) this.waiting.push(answer);
        else setImmediate(answer);
      },
    });
  }

  private execute(request: StoreRequest): StoreReply {
    if (request.type === 'txstatus') return { type: 'status', status: 'forgotten' };
    const { command } = request;
    switch (command.op) {
      case 'set':
        for (const [key, value] of command.pairs) this.values.set(key, value);
        return { type: 'ok' };
      case 'del': {
        const count = command.keys.filter((key) => this.values.delete(key)).length;
        return { type: 'count', count };
      }
      case 'get':
        return { type: 'values', values: command.keys.map((key) => this.values.get(key) ?? null) };
      case 'exists':
        return { type: 'count', count: command.keys.filter((key) => this.values.has(key)).length };
      case 'size':
        return { type: 'count', count: this.values.size };
    }
  }
}

/** Everything until the other side ends. */
export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.resume();
  await once(socket, 'end');
  return Buffer.concat(chunks).toString('latin1');
}

/** Exactly so many bytes; what is behind them stays in the socket. */
export async function readBytes(socket: Socket, count: number): Promise<string> {
  const chunks: Buffer[] = [];
  let missing = count;
  while (missing > 0) {
    const chunk = socket.read(
      Math.min(missing, Math.max(1, socket.readableLength)),
    ) as Buffer | null;
    if (chunk === null) {
      await once(socket, 'readable');
      continue;
    }
    chunks.push(chunk);
    missing -= chunk.length;
  }
  return Buffer.concat(chunks).toString('latin1');
}
