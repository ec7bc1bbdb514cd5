/**
 * What `main.ts` and the start of a role agree on. The process has its folder and listens already;
 * a start attends to those who come, and recovers in the background. What it does afterwards ends
 * through `stop` or `finished`.
 */
import type { ServeOptions } from '../cli.js';
import type { Trace } from '../ports/trace.js';
import type { Door } from './door.js';
import type { TakenFolder } from './role-folder.js';
import type { SocketLimits } from './socket-limits.js';

export interface StartContext {
  readonly trace: Trace;
  readonly options: ServeOptions;
  readonly version: string;
  readonly taken: TakenFolder;
  readonly door: Door;
  readonly limits: SocketLimits;
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
