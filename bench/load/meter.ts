/**
 * What a run counts: nothing during the warm-up, then every answer until the end. It says when the
 * end has come; whoever sends asks it.
 */
import { ErrorCounter } from './load-connection.js';
import { Latencies } from './latencies.js';
import type { LoadReport, LoadSpec } from './load-spec.js';

export class Meter {
  readonly errors = new ErrorCounter();
  private readonly latencies = new Latencies();
  private startedAt = 0;
  private endedAt = 0;
  private end: () => void = () => undefined;
  readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(private readonly spec: LoadSpec) {}

  get isOver(): boolean {
    return this.endedAt > 0;
  }

  /** Begins to count after the warm-up; ends after the time that was asked for, if any. */
  begin(): void {
    const { warmUpSeconds, seconds } = this.spec;
    this.startedAt = performance.now();
    const measure = (): void => {
      this.latencies.clear();
      this.startedAt = performance.now();
      if (seconds !== null) setTimeout(() => this.stop(), seconds * 1000);
    };
    if (warmUpSeconds > 0) setTimeout(measure, warmUpSeconds * 1000);
    else measure();
  }

  stop(): void {
    if (this.isOver) return;
    this.endedAt = performance.now();
    this.end();
  }

  answered(latencyMs: number): void {
    if (this.isOver) return;
    this.latencies.record(latencyMs);
    const { requests } = this.spec;
    if (requests !== null && this.latencies.count >= requests) this.stop();
  }

  /** For a request that the end of the run found unanswered: it has waited at least so long. */
  stillWaiting(latencyMs: number): void {
    this.latencies.record(latencyMs);
  }

  report(): LoadReport {
    const { latencies, errors } = this;
    const seconds = (this.endedAt - this.startedAt) / 1000;
    return {
      requests: latencies.count,
      seconds,
      requestsPerSecond: latencies.count / seconds,
      p50Ms: latencies.percentileMs(50),
      p99Ms: latencies.percentileMs(99),
      p999Ms: latencies.percentileMs(99.9),
      maxMs: latencies.maxMs,
      errors: errors.count,
      firstErrors: errors.first,
    };
  }
}
