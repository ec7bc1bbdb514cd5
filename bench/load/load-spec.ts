/** What a load generator is asked to do, and what it reports. Plain data between two processes. */

/** `setThenWait` is a SET and a WAIT in one write: it is done when the WAIT is answered. */
export type Operation = 'set' | 'get' | 'del' | 'mset' | 'setThenWait';

export interface LoadSpec {
  readonly port: number;
  /** Each request is one of these, all equally likely. */
  readonly operations: readonly Operation[];
  readonly connections: number;
  /** Requests that a connection sends at once; it sends the next ones when all are answered. */
  readonly pipeline: number;
  /** Keys are `key:` and twelve digits, as redis-benchmark names them, from 0 to below this. */
  readonly keys: number;
  readonly order: 'random' | 'sequential';
  readonly valueBytes: number;
  /** Pairs of one MSET. */
  readonly pairs: number;
  /** Requests a second, sent whether earlier ones are answered or not; null: a closed loop. */
  readonly rate: number | null;
  readonly warmUpSeconds: number;
  /** It ends after so long, or so many requests, or when it is told to. */
  readonly seconds: number | null;
  readonly requests: number | null;
}

export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Error replies, and WAITs that too few replicas answered in time. */
  readonly errors: number;
  readonly firstErrors: readonly string[];
}

/** Bounded, so that a replica that hangs cannot hold the run; 1 MB for 50 clients takes seconds. */
export const WAIT_TIMEOUT_MS = 10_000;
export const WAIT_REPLICAS = 3;

export const BASE_LOAD: Omit<LoadSpec, 'port'> = {
  operations: ['set'],
  connections: 50,
  pipeline: 1,
  keys: 100_000,
  order: 'random',
  valueBytes: 64,
  pairs: 10,
  rate: null,
  warmUpSeconds: 0.3,
  seconds: 2,
  requests: null,
};
