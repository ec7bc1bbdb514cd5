/**
 * A client that remembers: several connections write values that exist once each, every
 * acknowledgement goes to a journal file as it arrives, and at the end the store is held against
 * the journal. Each key belongs to one connection, so its writes have an order: a value that is
 * read must be the last acknowledged one or one sent later, and never one that was refused.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ConnectionLost,
  type Reply,
  ReplyError,
  RespConnection,
  textOf,
} from './resp-connection.js';

export interface RecorderOptions {
  readonly host: string;
  readonly port: number;
  readonly journalPath: string;
  readonly writers?: number;
  readonly keysPerWriter?: number;
  readonly valueBytes?: number;
  /** Between two writes of one connection. */
  readonly pauseMs?: number;
}

export interface RecorderReport {
  readonly acknowledged: number;
  /** No answer, or one that says that nobody can tell. */
  readonly unknown: number;
  /** Answered by an error that says that it did not happen. */
  readonly refused: number;
  /** The first few refusals, for people. */
  readonly refusals: readonly string[];
  /** The longest time in which one connection got no acknowledgement. */
  readonly longestGapMs: number;
}

const RECONNECT_PAUSE_MS = 20;
/** Writes that nobody answered by then are given up with their connections. */
const STOP_PATIENCE_MS = 5000;
const KEPT_REFUSALS = 5;
const READ_AT_ONCE = 500;

interface Sent {
  last: number;
  readonly refused: Set<number>;
}

export class Recorder {
  readonly #options: Required<RecorderOptions>;
  readonly #journal: number;
  readonly #sent = new Map<string, Sent>();
  readonly #padding: string;
  /** Two recorders on one store never share a key. */
  readonly #name = randomBytes(3).toString('hex');
  readonly #connections = new Set<RespConnection>();
  #isOpen = true;
  #running = false;
  #writers: Promise<void>[] = [];
  #acknowledged = 0;
  #unknown = 0;
  #refused = 0;
  readonly #refusals: string[] = [];
  #longestGapMs = 0;

  constructor(options: RecorderOptions) {
    const defaults = { writers: 4, keysPerWriter: 100, valueBytes: 64, pauseMs: 0 };
    this.#options = { ...defaults, ...options };
    this.#padding = 'x'.repeat(this.#options.valueBytes);
    this.#journal = openSync(options.journalPath, 'a');
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  start(): void {
    this.#running = true;
    for (let writer = 0; writer < this.#options.writers; writer += 1) {
      this.#writers.push(this.#write(writer));
    }
  }

  /** Resolves when this many more writes were acknowledged. */
  async progress(count: number): Promise<void> {
    const goal = this.#acknowledged + count;
    while (this.#acknowledged < goal) await delay(5);
  }

  async stop(): Promise<RecorderReport> {
    this.#running = false;
    const impatience = setTimeout(() => {
      for (const connection of this.#connections) connection.close();
    }, STOP_PATIENCE_MS);
    await Promise.all(this.#writers);
    clearTimeout(impatience);
    this.#writers = [];
    if (this.#isOpen) closeSync(this.#journal);
    this.#isOpen = false;
    return this.report();
  }

  report(): RecorderReport {
    return {
      acknowledged: this.#acknowledged,
      unknown: this.#unknown,
      refused: this.#refused,
      refusals: this.#refusals,
      longestGapMs: Math.round(this.#longestGapMs),
    };
  }

  /** Forgets the longest gap so far, for a phase with a bound of its own. */
  startNewPhase(): void {
    this.#longestGapMs = 0;
  }

  /** Any of the keys that it writes. */
  get someKey(): string {
    return `${this.#name}-0-1`;
  }

  /** Reads every key and answers with what is wrong; empty when nothing was lost. */
  async lost(): Promise<string[]> {
    const acknowledged = new Map<string, number>();
    for (const line of readFileSync(this.#options.journalPath, 'utf8').trim().split('\n')) {
      const [key = '', number = '0'] = line.split(' ');
      acknowledged.set(key, Number(number));
    }
    const connection = await RespConnection.open(this.#options.host, this.#options.port);
    const wrong: string[] = [];
    const keys = [...this.#sent.keys()];
    for (let from = 0; from < keys.length; from += READ_AT_ONCE) {
      const some = keys.slice(from, from + READ_AT_ONCE);
      const replies = await Promise.all(some.map((key) => connection.command('GET', key)));
      for (const [index, key] of some.entries()) {
        const problem = this.#judge(key, acknowledged.get(key) ?? 0, replies[index] ?? null);
        if (problem !== undefined) wrong.push(problem);
      }
    }
    connection.close();
    return wrong;
  }

  #judge(key: string, acknowledged: number, reply: Reply): string | undefined {
    const sent = this.#sent.get(key);
    const text = reply === null ? `${key}:0:` : textOf(reply);
    const [owner, number = '0'] = text.split(':');
    const found = Number(number);
    const told = `${key}: acknowledged ${acknowledged}, sent ${sent?.last ?? 0}, read ${found}`;
    if (owner !== key) return `${key}: holds the value of ${owner ?? ''}`;
    if (found < acknowledged) return `${told}: lost`;
    if (found > (sent?.last ?? 0)) return `${told}: never sent`;
    return sent?.refused.has(found) === true ? `${told}: was refused` : undefined;
  }

  async #write(writer: number): Promise<void> {
    let connection: RespConnection | undefined;
    let lastAcknowledgedAt = performance.now();
    for (let number = 1; this.#running; number += 1) {
      const key = `${this.#name}-${writer}-${number % this.#options.keysPerWriter}`;
      connection ??= await this.#connect();
      if (connection === undefined) return;
      const outcome = await this.#writeOne(connection, key, number);
      if (outcome === 'lost') {
        this.#connections.delete(connection);
        connection = undefined;
      }
      if (outcome === 'done') {
        const now = performance.now();
        this.#longestGapMs = Math.max(this.#longestGapMs, now - lastAcknowledgedAt);
        lastAcknowledgedAt = now;
      }
      if (this.#options.pauseMs > 0) await delay(this.#options.pauseMs);
    }
    connection?.close();
  }

  async #connect(): Promise<RespConnection | undefined> {
    while (this.#running) {
      try {
        const connection = await RespConnection.open(this.#options.host, this.#options.port);
        this.#connections.add(connection);
        return connection;
      } catch {
        await delay(RECONNECT_PAUSE_MS);
      }
    }
    return undefined;
  }

  async #writeOne(
    connection: RespConnection,
    key: string,
    number: number,
  ): Promise<'done' | 'failed' | 'lost'> {
    const sent = this.#sent.get(key) ?? { last: 0, refused: new Set<number>() };
    sent.last = number;
    this.#sent.set(key, sent);
    try {
      const reply = await connection.command('SET', key, `${key}:${number}:${this.#padding}`);
      if (reply instanceof ReplyError) {
        this.#countFailure(sent, number, reply.message);
        return 'failed';
      }
      this.#acknowledged += 1;
      writeSync(this.#journal, `${key} ${number}\n`);
      return 'done';
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      this.#unknown += 1;
      return 'lost';
    }
  }

  #countFailure(sent: Sent, number: number, message: string): void {
    if (message.startsWith('UNKNOWN')) {
      this.#unknown += 1;
      return;
    }
    this.#refused += 1;
    sent.refused.add(number);
    if (this.#refusals.length < KEPT_REFUSALS) this.#refusals.push(message);
  }
}
