/**
 * Several clients that write, delete and read few keys, so that they meet; single ones and pairs
 * that are always written together. Each sends a few requests at once down one connection, and
 * starts over with a new connection, which is a new session, when one is lost or too slow.
 *
 * The keys change every few seconds. Older ones are still read, so that whatever was acknowledged
 * must outlive the faults that come later, while a write of unknown outcome troubles the checker
 * for a few seconds only.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Prng } from '../../src/base/prng.js';
import type { Action } from '../checkers/history.js';
import { ConnectionLost, ReplyError, type RespConnection } from '../helpers/resp-connection.js';
import type { Journal } from './journal.js';
import type { HistoryRecorder } from './recorder.js';
import { ReplyMismatch, requestOf, withReply } from './requests.js';
import { makeName } from './values.js';
import { TooLate, within } from './within.js';

export interface ClientsOptions {
  readonly connect: () => Promise<RespConnection>;
  readonly recorder: HistoryRecorder;
  readonly journal: Journal;
  readonly prng: Prng;
  readonly count: number;
}

const REPLY_TIMEOUT_MS = 4000;
const RECONNECT_PAUSE_MS = 50;
const MEAN_PAUSE_MS = 35;
const MOST_AT_ONCE = 5;
const PHASE_MS = 8000;
const SINGLE_KEYS = 5;
const PAIRS = 2;
const SMALL_BYTES = 60;
const LARGE_BYTES = 60_000;

export class Clients {
  readonly #options: ClientsOptions;
  readonly #startedAt = performance.now();
  #written = 0;
  #isStopped = false;
  #running: Promise<void>[] = [];

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  start(): void {
    for (let client = 0; client < this.#options.count; client += 1) {
      this.#running.push(this.#run());
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  /** Everything that was ever written, one key after the other, in one session. */
  async readAll(connection: RespConnection): Promise<void> {
    const session = this.#options.recorder.newSession();
    for (let phase = 0; phase <= this.#phase(); phase += 1) {
      const reads = keysOf(phase).map((keys): Action => ({ op: 'get', keys, values: [] }));
      await Promise.all(reads.map((read) => this.#perform(connection, session, read)));
    }
  }

  /** One write that must succeed. Null, or what was wrong. */
  async probe(connection: RespConnection): Promise<string | null> {
    const before = this.#options.recorder.acknowledgedAt.length;
    const session = this.#options.recorder.newSession();
    const pairs = [['probe', this.#newName(SMALL_BYTES)]] as const;
    await this.#perform(connection, session, { op: 'set', pairs });
    return this.#options.recorder.acknowledgedAt.length > before ? null : 'it was refused';
  }

  async #run(): Promise<void> {
    const { prng, recorder, connect } = this.#options;
    let connection: RespConnection | undefined;
    let session = 0;
    while (!this.#isStopped) {
      if (connection === undefined) {
        connection = await connect().catch(() => undefined);
        if (connection === undefined) {
          await delay(RECONNECT_PAUSE_MS);
          continue;
        }
        session = recorder.newSession();
      }
      const open = connection;
      const actions = Array.from({ length: 1 + prng.below(MOST_AT_ONCE) }, () => this.#draw());
      const performed = actions.map((action) => this.#perform(open, session, action));
      const kept = await Promise.all(performed);
      if (kept.includes(false)) {
        open.close();
        connection = undefined;
      }
      await delay(prng.below(2 * MEAN_PAUSE_MS));
    }
    connection?.close();
  }

  /** Sends one request and records what became of it; false when the connection is of no use. */
  async #perform(connection: RespConnection, session: number, action: Action): Promise<boolean> {
    const { recorder, journal } = this.#options;
    const begun = recorder.begin(session);
    try {
      const reply = await within(REPLY_TIMEOUT_MS, connection.command(...requestOf(action)));
      if (!(reply instanceof ReplyError)) recorder.ok(begun, withReply(action, reply));
      else if (reply.message.startsWith('UNKNOWN')) recorder.lost(begun, action);
      else recorder.failed(begun, action, reply.message);
      return true;
    } catch (error) {
      recorder.lost(begun, action);
      if (error instanceof ReplyMismatch) journal.violation(error.message);
      else if (!(error instanceof TooLate || error instanceof ConnectionLost)) throw error;
      return false;
    }
  }

  #draw(): Action {
    const { prng } = this.#options;
    const phase = this.#phase();
    const isRead = prng.chance(0.45);
    // Reads look back at what earlier faults may have lost.
    const at = isRead && phase > 0 && prng.chance(0.2) ? prng.below(phase) : phase;
    const all = keysOf(at);
    const keys = all[prng.below(all.length)] ?? [];
    if (isRead) {
      if (prng.chance(0.1)) return { op: 'exists', keys, found: 0 };
      return { op: 'get', keys, values: [] };
    }
    if (prng.chance(0.15)) return { op: 'del', keys, found: null };
    const bytes = prng.chance(0.01) ? LARGE_BYTES : prng.below(SMALL_BYTES);
    return { op: 'set', pairs: keys.map((key) => [key, this.#newName(bytes)] as const) };
  }

  #newName(bytes: number): string {
    this.#written += 1;
    return makeName(this.#written, bytes);
  }

  #phase(): number {
    return Math.floor((performance.now() - this.#startedAt) / PHASE_MS);
  }
}

function keysOf(phase: number): string[][] {
  const singles = Array.from({ length: SINGLE_KEYS }, (_, index) => [`k${phase}.${index}`]);
  const pairs = Array.from({ length: PAIRS }, (_, index) => {
    return [`p${phase}.${index}.a`, `p${phase}.${index}.b`];
  });
  return [...singles, ...pairs];
}
