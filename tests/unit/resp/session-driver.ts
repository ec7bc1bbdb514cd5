/**
 * Drives a session by hand: text in, store requests as short lines, answers from a table that the
 * test fills or by hand, bytes out as text.
 */
import type { StoreReply, StoreRequest } from '../../../src/base/store-request.js';
import { CommandStatistics } from '../../../src/resp/command-statistics.js';
import { bytesOf } from '../../../src/base/bytes.js';
import type { SessionEnvironment } from '../../../src/resp/environment.js';
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from '../../../src/resp/limits.js';
import { Session } from '../../../src/resp/session.js';

export interface DriverOptions extends Partial<
  Pick<SessionEnvironment, 'role' | 'replyFormat' | 'requirepass'>
> {
  readonly limits?: Partial<SessionLimits>;
}

export class SessionDriver {
  readonly statistics = new CommandStatistics();
  readonly session: Session;
  /** Every store request so far: `write set k=v`, `read get k`. */
  readonly requests: string[] = [];
  private readonly tokens: number[] = [];

  constructor(options: DriverOptions = {}) {
    const { limits, ...rest } = options;
    const environment: SessionEnvironment = {
      role: 'coordinator',
      replyFormat: 'redis',
      requirepass: '',
      limits: { ...DEFAULT_SESSION_LIMITS, ...limits },
      coordinatorAddress: '127.0.0.1:8001',
      info: (sections) => `# Test\r\nsections:${sections.join(',')}\r\n`,
      configEntries: () => [
        ['max_clients', '10000'],
        ['max_keys', '5'],
      ],
      clients: () => [this.session.describe(3500)],
      wallClockMicros: () => 1_700_000_000_000_123,
      countCommand: (name, verdict) => this.statistics.count(name, verdict),
      ...rest,
    };
    const facts = { id: 7, remoteAddress: '10.0.0.1:4000', localAddress: '10.0.0.2:8001' };
    this.session = new Session(environment, facts, 1000);
  }

  /**
   * Inline commands, one a line, or any other bytes; gives back what is to be sent at once. What is
   * sent before is of an earlier turn.
   */
  send(input: string | Buffer): string {
    if (this.session.wantsTurn) this.session.beginTurn();
    this.session.receive(typeof input === 'string' ? Buffer.from(input, 'latin1') : input, 2000);
    return this.output();
  }

  line(...commands: readonly string[]): string {
    return this.send(commands.map((command) => `${command}\r\n`).join(''));
  }

  /** Answers the oldest store request that is not answered. */
  answer(reply: StoreReply): string {
    const token = this.tokens.shift();
    if (token === undefined) throw new Error('no store request is under way');
    return this.answerToken(token, reply);
  }

  /** Answers the store request made as number `index`, from 0. */
  answerAt(index: number, reply: StoreReply): string {
    return this.answerToken(index + 1, reply);
  }

  ok(): string {
    return this.answer({ type: 'ok' });
  }

  value(value: string | null): string {
    const values = [value === null ? null : Buffer.from(value, 'latin1')];
    return this.answer({ type: 'values', values });
  }

  output(): string {
    for (const { token, request } of this.session.takeRequests()) {
      this.tokens.push(token);
      this.requests.push(describeRequest(request));
    }
    return bytesOf(this.session.takeOutput()).toString('latin1');
  }

  private answerToken(token: number, reply: StoreReply): string {
    this.session.complete(token, reply);
    return this.output();
  }
}

function describeRequest(request: StoreRequest): string {
  if (request.type === 'txstatus') return `txstatus ${request.txid}`;
  const { command } = request;
  if (command.op !== 'set') return `${request.type} ${[command.op, ...command.keys].join(' ')}`;
  const pairs = command.pairs.map(([key, value]) => `${key}=${value.toString('latin1')}`);
  return `${request.type} set ${pairs.join(' ')}`;
}
