/**
 * What `main.ts` and the start of a role agree on. A start resolves once the role listens; what it
 * does afterwards ends through `stop` or `finished`.
 */
import type { ServeOptions } from '../cli.js';
import type { Trace } from '../ports/trace.js';

/** The trace of a process, which also prints the lines whose exact text others rely on. */
export interface ProcessTrace extends Trace {
  /** One line on standard output, in its place among the events, whatever their level or format. */
  plainLine(text: string): void;
}

export interface StartContext {
  readonly trace: ProcessTrace;
  readonly options: ServeOptions;
  readonly version: string;
}

export interface RunningRole {
  /** Accepts nothing more, finishes or refuses what is in flight, flushes, and closes. */
  stop(): Promise<void>;
  /** Resolves with an exit code when the role ends by itself; never if it is stopped. */
  readonly finished: Promise<number>;
}

/** The process cannot run here and now, for a reason that its operator can remove: exit 1. */
export class StartRefusedError extends Error {
  override readonly name = 'StartRefusedError';
  constructor(
    /** A stable word such as `address_in_use` or `folder_locked`. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
