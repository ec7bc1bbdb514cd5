/**
 * A closed loop: each connection sends its next requests when all before are answered. A request's
 * latency counts from the moment at which its batch was sent.
 */
import { LoadConnection } from './load-connection.js';
import type { LoadSpec } from './load-spec.js';
import type { Meter } from './meter.js';
import { KeyChooser, RequestBatch } from './request-batch.js';

const CHOOSER_SEED = 1;

class ClosedLoopClient {
  private readonly connection: LoadConnection;
  private readonly batch: RequestBatch;
  private sentAt = 0;
  private unanswered = 0;

  constructor(
    private readonly spec: LoadSpec,
    private readonly meter: Meter,
    chooser: KeyChooser,
    onFailure: (error: Error) => void,
  ) {
    this.batch = new RequestBatch(spec, chooser, spec.pipeline);
    this.connection = new LoadConnection(spec.operations[0], meter.errors, {
      answered: (now) => this.answered(now),
      failed: onFailure,
    });
  }

  open(): Promise<void> {
    return this.connection.open(this.spec.port);
  }

  send(): void {
    this.unanswered = this.spec.pipeline;
    this.sentAt = performance.now();
    this.connection.send(this.batch.fill());
  }

  close(): void {
    this.connection.close();
  }

  private answered(now: number): void {
    this.meter.answered(now - this.sentAt);
    this.unanswered -= 1;
    if (this.unanswered === 0 && !this.meter.isOver) this.send();
  }
}

export async function runClosedLoop(spec: LoadSpec, meter: Meter): Promise<void> {
  const chooser = new KeyChooser(spec, CHOOSER_SEED);
  let fail: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const clients = Array.from(
    { length: spec.connections },
    () => new ClosedLoopClient(spec, meter, chooser, (error) => fail(error)),
  );
  try {
    await Promise.race([failure, Promise.all(clients.map((client) => client.open()))]);
    meter.begin();
    for (const client of clients) client.send();
    await Promise.race([failure, meter.ended]);
  } finally {
    for (const client of clients) client.close();
  }
}
