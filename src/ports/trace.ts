/**
 * Where events go that people read. The implementation decides on format and level; nothing here
 * may influence what the program does.
 */
export type TraceLevel = 'error' | 'warn' | 'info' | 'debug';

export type TraceFields = Readonly<Record<string, string | number | boolean>>;

export interface Trace {
  /** One line: a plain sentence and named values. Never a secret, never a client's data. */
  event(level: TraceLevel, message: string, fields?: TraceFields): void;
  /**
   * A named point on the way of a transaction, for tests that kill the process exactly there.
   * Does nothing unless an environment variable says so (announced by a warning at start).
   */
  point(name: string): void;
}

export const SILENT_TRACE: Trace = { event: () => undefined, point: () => undefined };
