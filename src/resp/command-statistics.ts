/**
 * How often each command was called, failed, and was refused before it ran. Counts, nothing else.
 */
import type { CommandVerdict } from './environment.js';

export interface CommandCounts {
  /** Runs, failed ones included. */
  readonly calls: number;
  readonly failed: number;
  readonly rejected: number;
}

export class CommandStatistics {
  private readonly counts = new Map<string, { calls: number; failed: number; rejected: number }>();
  private executed = 0;

  /** Runs of all commands. */
  get total(): number {
    return this.executed;
  }

  /** `name` is one of the registry's, so there are never many rows. */
  count(name: string, verdict: CommandVerdict): void {
    let row = this.counts.get(name);
    if (row === undefined) {
      row = { calls: 0, failed: 0, rejected: 0 };
      this.counts.set(name, row);
    }
    if (verdict === 'rejected') {
      row.rejected += 1;
      return;
    }
    row.calls += 1;
    this.executed += 1;
    if (verdict === 'failed') row.failed += 1;
  }

  rows(): (readonly [name: string, counts: CommandCounts])[] {
    return [...this.counts].sort(([left], [right]) => (left < right ? -1 : 1));
  }
}
