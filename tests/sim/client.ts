/**
 * A client of a simulated cluster: it speaks RESP, pipelines as deep as it likes, and notes what it
 * asked and was told. After a lost connection it dials again and never repeats a request.
 */
import type { Prng } from '../../src/base/prng.js';
import type { Action, Operation, Value } from '../checkers/history.js';
import type { CoordinatorProcess } from './coordinator-process.js';
import { RespReplies, type RespReply } from './resp-replies.js';
import { ServerSession } from './server-session.js';
import type { World } from './world.js';

export interface WorkloadProfile {
  readonly keys: number;
  readonly pairs: number;
  readonly pipeline: number;
  readonly operations: number;
  readonly meanPauseMs: number;
  readonly largeValueChance: number;
  /** How often one key of a pair is read without the other. */
  readonly halfChance: number;
  readonly delayMs: number;
}

/** Numbers that all clients of a cluster draw from. */
export class Numbers {
  session = 0;
  serial = 0;
  value = 0;
}

interface Waiting {
  readonly session: number;
  readonly serial: number;
  readonly calledAt: number;
  readonly action: Action;
}

/** A reply that says that a write may yet happen. */
const UNKNOWN = /^UNKNOWN\b/;
const UPLOAD_FAILED = /the value could not be sent in time/;

export class Client {
  readonly history: Operation[] = [];
  readonly errors = new Map<string, number>();
  asked = 0;
  private isStopped = false;
  private session: ServerSession | null = null;
  private replies = new RespReplies();
  private waiting: Waiting[] = [];
  private readonly depth: number;

  constructor(
    private readonly world: World,
    private readonly prng: Prng,
    private readonly profile: WorkloadProfile,
    private readonly numbers: Numbers,
    /** Whom it takes for the coordinator just now. */
    private readonly server: () => CoordinatorProcess,
  ) {
    this.depth = 1 + prng.below(profile.pipeline);
  }

  get isDone(): boolean {
    return this.asked >= this.profile.operations && this.waiting.length === 0;
  }

  get isIdle(): boolean {
    return this.waiting.length === 0;
  }

  start(): void {
    const pause = (this.prng.next() / 2 ** 32) * 2 * this.profile.meanPauseMs;
    this.world.after(pause, () => {
      if (this.isStopped || this.asked >= this.profile.operations) return;
      this.fill();
      this.start();
    });
  }

  /** Asks nothing more. What is under way is still heard of. */
  stop(): void {
    this.isStopped = true;
  }

  /** What is still under way is never heard of. */
  abandon(): void {
    this.session?.hangUp();
    this.forgetConnection();
  }

  /** Reads these keys at once; the answer is the newest operation of the history. */
  ask(action: Action): void {
    if (this.session === null && !this.connect()) return;
    this.send(action);
  }

  private fill(): void {
    if (this.session === null) {
      if (!this.connect()) return;
    }
    while (this.waiting.length < this.depth && this.asked < this.profile.operations) {
      this.asked += 1;
      this.send(this.intend());
      if (this.session === null || this.prng.chance(0.4)) return;
    }
  }

  private connect(): boolean {
    this.numbers.session += 1;
    const { session: id } = this.numbers;
    const server = this.server();
    this.replies = new RespReplies();
    const session = new ServerSession(
      id,
      this.world,
      server,
      {
        bytes: (chunk) => {
          if (this.session === session) this.receive(chunk);
        },
        closed: () => {
          if (this.session === session) this.forgetConnection();
        },
      },
      this.profile.delayMs,
    );
    if (!server.connect(session)) return false;
    this.session = session;
    return true;
  }

  private send(action: Action): void {
    const { session } = this;
    if (session === null) return;
    this.numbers.serial += 1;
    const calledAt = this.world.now;
    this.waiting.push({ session: session.id, serial: this.numbers.serial, calledAt, action });
    session.send(encode(action));
  }

  private receive(chunk: Buffer): void {
    for (const reply of this.replies.push(chunk)) {
      const asked = this.waiting.shift();
      if (asked === undefined) throw new Error('a reply that nobody asked for');
      this.settle(asked, reply);
    }
  }

  private settle(asked: Waiting, reply: RespReply): void {
    const { session, serial, calledAt, action } = asked;
    const isRead = action.op === 'get' || action.op === 'exists';
    if (reply instanceof Error) {
      const code = reply.message.split(' ')[0] ?? '';
      this.countError(UPLOAD_FAILED.test(reply.message) ? `${code} for a large value` : code);
      if (isRead) return;
      const outcome = UNKNOWN.test(reply.message) ? 'unknown' : 'failed';
      this.history.push({ session, serial, calledAt, returnedAt: Infinity, outcome, action });
      return;
    }
    const returnedAt = this.world.now;
    const told = withReply(action, reply);
    this.history.push({ session, serial, calledAt, returnedAt, outcome: 'ok', action: told });
  }

  private countError(kind: string): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
  }

  private forgetConnection(): void {
    this.session = null;
    for (const { session, serial, calledAt, action } of this.waiting.splice(0)) {
      if (action.op === 'get' || action.op === 'exists') continue;
      this.countError('lost');
      const outcome = 'unknown';
      this.history.push({ session, serial, calledAt, returnedAt: Infinity, outcome, action });
    }
  }

  private intend(): Action {
    const { prng, profile } = this;
    const isPair = profile.pairs > 0 && prng.chance(0.3);
    const name = isPair ? `pair${prng.below(profile.pairs)}` : `k${prng.below(profile.keys)}`;
    const keys = isPair ? [`${name}.a`, `${name}.b`] : [name];
    const lot = prng.below(100);
    if (lot < 45) return { op: 'get', keys: isPair ? this.someOf(keys) : keys, values: [] };
    if (lot < 50) return { op: 'exists', keys, found: 0 };
    if (lot < 58) return { op: 'del', keys, found: null };
    this.numbers.value += 1;
    const isLarge = prng.chance(profile.largeValueChance);
    const value = `${this.numbers.value}.${'v'.repeat(isLarge ? 600_000 : prng.below(40))}`;
    // Of a large pair the second is small: it is answered while the first is still on its way.
    const second = isLarge ? `${this.numbers.value}.` : value;
    return { op: 'set', pairs: keys.map((key, i) => [key, i === 0 ? value : second] as const) };
  }

  /** Read one after the other, two halves of a pair tell in which order they were read. */
  private someOf(pair: readonly string[]): readonly string[] {
    const { prng, profile } = this;
    // Older plans draw nothing for this.
    if (profile.halfChance === 0 || !prng.chance(profile.halfChance)) return pair;
    const half = prng.below(pair.length);
    return pair.slice(half, half + 1);
  }
}

function encode(action: Action): Buffer {
  if (action.op === 'set') {
    const [first] = action.pairs;
    if (action.pairs.length === 1 && first !== undefined) return command(['SET', ...first]);
    return command(['MSET', ...action.pairs.flat()]);
  }
  const { keys } = action;
  if (action.op === 'get') return command([keys.length === 1 ? 'GET' : 'MGET', ...keys]);
  return command([action.op === 'del' ? 'DEL' : 'EXISTS', ...keys]);
}

function command(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`);
}

function withReply(action: Action, reply: Exclude<RespReply, Error>): Action {
  if (action.op === 'get') {
    const values = action.keys.length === 1 ? [reply as Value] : (reply as Value[]);
    return { ...action, values };
  }
  if (action.op === 'set') return action;
  return { ...action, found: Number(reply) };
}
