/**
 * An open loop: requests leave at a fixed rate, whether earlier ones are answered or not, and a
 * latency counts from when its request was due. So a server that stalls is charged with all who
 * would have come meanwhile: there is no coordinated omission. Requests are due in groups, one a
 * millisecond; that the generator itself wakes late is in the figures of both sides.
 */
import { LoadConnection } from './load-connection.js';
import type { LoadSpec } from './load-spec.js';
import type { Meter } from './meter.js';
import { KeyChooser, RequestBatch } from './request-batch.js';

const TICK_MS = 1;
const CHOOSER_SEED = 2;
/** Beyond so many unanswered ones the server has failed, and memory would not last. */
const MAX_UNANSWERED = 60_000;

class OpenLoopClient {
  private readonly connection: LoadConnection;
  /** When the unanswered requests were due, oldest first. */
  private due: number[] = [];
  private firstDue = 0;

  constructor(spec: LoadSpec, meter: Meter, onFailure: (error: Error) => void) {
    this.connection = new LoadConnection(spec.operations[0], meter.errors, {
      answered: (now) => {
        meter.answered(now - (this.due[this.firstDue] ?? now));
        this.firstDue += 1;
        if (this.firstDue < this.due.length) return;
        this.due = [];
        this.firstDue = 0;
      },
      failed: onFailure,
    });
  }

  get unanswered(): number {
    return this.due.length - this.firstDue;
  }

  get unansweredDue(): readonly number[] {
    return this.due.slice(this.firstDue);
  }

  open(port: number): Promise<void> {
    return this.connection.open(port);
  }

  send(bytes: Buffer, dueAt: number): void {
    this.due.push(dueAt);
    this.connection.send(bytes);
  }

  close(): void {
    this.connection.close();
  }
}

/** Sends what is due until the run is over. */
class Schedule {
  private readonly batch: RequestBatch;
  private readonly startedAt = performance.now();
  private tick = 0;
  private sent = 0;

  constructor(
    spec: LoadSpec,
    private readonly rate: number,
    private readonly clients: readonly OpenLoopClient[],
  ) {
    this.batch = new RequestBatch(spec, new KeyChooser(spec, CHOOSER_SEED), 1);
  }

  sendDue(): void {
    const now = performance.now();
    for (; this.startedAt + this.tick * TICK_MS <= now; this.tick += 1) {
      const dueAt = this.startedAt + this.tick * TICK_MS;
      const wanted = Math.floor((this.tick * TICK_MS * this.rate) / 1000);
      for (; this.sent < wanted; this.sent += 1) {
        const client = this.clients[this.sent % this.clients.length];
        client?.send(Buffer.from(this.batch.fill()), dueAt);
      }
    }
    const unanswered = this.clients.reduce((sum, client) => sum + client.unanswered, 0);
    if (unanswered > MAX_UNANSWERED) throw new Error(`${unanswered} requests are unanswered`);
  }
}

export async function runOpenLoop(spec: LoadSpec, rate: number, meter: Meter): Promise<void> {
  let fail: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const clients = Array.from(
    { length: spec.connections },
    () => new OpenLoopClient(spec, meter, (error) => fail(error)),
  );
  try {
    await Promise.race([failure, Promise.all(clients.map((client) => client.open(spec.port)))]);
    const schedule = new Schedule(spec, rate, clients);
    meter.begin();
    const timer = setInterval(() => {
      try {
        schedule.sendDue();
      } catch (error) {
        fail(error);
      }
    }, TICK_MS);
    await Promise.race([failure, meter.ended]).finally(() => clearInterval(timer));
    const now = performance.now();
    for (const client of clients) {
      for (const dueAt of client.unansweredDue) meter.stillWaiting(now - dueAt);
    }
  } finally {
    for (const client of clients) client.close();
  }
}
