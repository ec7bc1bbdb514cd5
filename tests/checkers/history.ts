/**
 * What clients saw of a cluster: the common language of the simulator, of the chaos runs on real
 * processes and of the checkers. Knows nothing of how the operations came about.
 *
 * Times are of one monotonic clock that all recorders of a history share, in any unit. A history
 * is a list of operations in no special order; on disk it is one JSON object a line.
 */

/** Values are strings that differ from each other unless a test says so; null is no value. */
export type Value = string | null;

export type Action =
  /** SET and MSET: `pairs` become visible together. */
  | { readonly op: 'set'; readonly pairs: readonly (readonly [key: string, value: string])[] }
  /** `found` is the reply: how many of the keys existed. Not known unless the outcome is `ok`. */
  | { readonly op: 'del'; readonly keys: readonly string[]; readonly found: number | null }
  /** GET and MGET; `values` are the reply, in the order of the keys. */
  | { readonly op: 'get'; readonly keys: readonly string[]; readonly values: readonly Value[] }
  | { readonly op: 'exists'; readonly keys: readonly string[]; readonly found: number };

export interface Operation {
  /** One connection of one client: its operations take effect in the order of `serial`. */
  readonly session: number;
  /** Unique in the history; grows within a session in the order in which requests were sent. */
  readonly serial: number;
  readonly calledAt: number;
  /** Infinity (null on disk) when no reply that says what happened was seen. */
  readonly returnedAt: number;
  /**
   * `ok`: it took effect between `calledAt` and `returnedAt`. `failed`: it certainly never takes
   * effect. `unknown`: it takes effect once after `calledAt`, or never. Reads are `ok` or left out.
   */
  readonly outcome: 'ok' | 'failed' | 'unknown';
  readonly action: Action;
}
