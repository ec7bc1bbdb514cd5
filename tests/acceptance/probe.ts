/**
 * A client beside the load, in a process of its own so that nothing else delays its clock: either
 * one SET and GET after the other, or writes at a fixed rate. It reports how long it ever had to
 * wait. `startProbe` is the parent's side of it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { type Reply, ReplyError, RespConnection } from '../helpers/resp-connection.js';

export interface ProbeReport {
  readonly operations: number;
  /** From the first operation to the report. */
  readonly seconds: number;
  readonly errors: number;
  readonly firstErrors: readonly string[];
  readonly longestWaitMs: number;
}

export interface ProbeOptions {
  readonly port: number;
  /** 0: one after the other. */
  readonly writesPerSecond: number;
}

const TICK_MS = 5;
const KEPT_ERRORS = 5;
const FIXED_RATE_KEYS = 10_000;
/** Beyond so many unanswered ones a write that is due is not sent, and counts as an error. */
const MAX_UNANSWERED = 100_000;
const HOST = '127.0.0.1';

interface Measurement {
  readonly from: number;
}

class Meter {
  private readonly startedAt = performance.now();
  operations = 0;
  errors = 0;
  longestWaitMs = 0;
  readonly firstErrors: string[] = [];
  readonly #open = new Set<Measurement>();

  get unanswered(): number {
    return this.#open.size;
  }

  /** Resolves with the answer; an error is counted. */
  async measure(answer: Promise<Reply>): Promise<void> {
    const measurement = { from: performance.now() };
    this.#open.add(measurement);
    try {
      const reply = await answer;
      if (reply instanceof ReplyError) throw reply;
      this.operations += 1;
    } catch (error) {
      this.fail(String(error));
    }
    this.#open.delete(measurement);
    this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - measurement.from);
  }

  /** The same for somebody who does not wait for the answer. */
  watch(answer: Promise<Reply>): void {
    this.measure(answer).catch((error: unknown) => {
      this.fail(String(error));
    });
  }

  fail(text: string): void {
    this.errors += 1;
    if (this.firstErrors.length < KEPT_ERRORS) this.firstErrors.push(text);
  }

  /** Counts what is still unanswered as waiting until now. */
  report(): ProbeReport {
    const now = performance.now();
    let longestWaitMs = this.longestWaitMs;
    for (const { from } of this.#open) longestWaitMs = Math.max(longestWaitMs, now - from);
    const { operations, errors, firstErrors } = this;
    const seconds = (now - this.startedAt) / 1000;
    return { operations, seconds, errors, firstErrors, longestWaitMs: Math.round(longestWaitMs) };
  }
}

async function oneAfterTheOther(connection: RespConnection, meter: Meter): Promise<never> {
  for (let number = 0; ; number += 1) {
    await meter.measure(connection.command('SET', 'probe', String(number)));
    await meter.measure(connection.command('GET', 'probe'));
    if (meter.errors > 0) await delay(TICK_MS);
  }
}

/** Writes leave at their time, however slowly earlier ones are answered. */
async function atRate(connection: RespConnection, meter: Meter, rate: number): Promise<never> {
  const from = performance.now();
  for (let number = 0; ;) {
    const due = Math.floor(((performance.now() - from) / 1000) * rate);
    for (; number < due; number += 1) {
      const key = `probe${number % FIXED_RATE_KEYS}`;
      const value = `${number}`.padEnd(100, '.');
      if (meter.unanswered >= MAX_UNANSWERED) meter.fail('not sent: too many are unanswered');
      else meter.watch(connection.command('SET', key, value));
    }
    await delay(TICK_MS);
  }
}

async function runChild(options: ProbeOptions): Promise<void> {
  const connection = await RespConnection.open(HOST, options.port);
  await connection.command('PING');
  const meter = new Meter();
  process.on('message', () => {
    process.send?.(meter.report(), () => process.exit(0));
  });
  process.on('disconnect', () => process.exit(1));
  process.send?.('ready');
  if (options.writesPerSecond === 0) await oneAfterTheOther(connection, meter);
  else await atRate(connection, meter, options.writesPerSecond);
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => {
      reject(new Error('the probe ended early'));
    });
  });
}

export class Probe {
  constructor(private readonly child: ChildProcess) {}

  async stop(): Promise<ProbeReport> {
    const report = nextMessage(this.child);
    this.child.send('stop');
    return (await report) as ProbeReport;
  }
}

export async function startProbe(options: ProbeOptions): Promise<Probe> {
  const child = fork(import.meta.filename, [JSON.stringify(options)]);
  await nextMessage(child);
  return new Probe(child);
}

if (process.argv[1] === import.meta.filename && process.send !== undefined) {
  await runChild(JSON.parse(process.argv[2] ?? '') as ProbeOptions);
}
