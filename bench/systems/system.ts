/** What is measured: something that speaks the Redis protocol, in processes of its own. */
import { type LoadGenerator } from '../load/load-generator.js';
import { BASE_LOAD, type LoadReport, type Operation } from '../load/load-spec.js';

export interface System {
  readonly label: string;
  readonly port: number;
  readonly pids: readonly number[];
  /** How a client gets a write that this system keeps its promise for. */
  readonly set: Operation;
  stop(): Promise<void>;
}

const FILL_CONNECTIONS = 8;
const FILL_PIPELINE = 2;
const PAIRS_AT_ONCE = 100;

/** Stores the keys from 0 to below `keys` with values of this length. */
export async function fill(
  generator: LoadGenerator,
  port: number,
  keys: number,
  valueBytes: number,
): Promise<LoadReport> {
  // Large values in requests of 100 would be one burst of gigabytes.
  const pairs = Math.max(1, Math.min(PAIRS_AT_ONCE, Math.floor(100_000 / valueBytes)));
  // The last ones to be sent are not the last to be answered.
  const requests = Math.ceil(keys / pairs) + FILL_CONNECTIONS * FILL_PIPELINE;
  return generator.run({
    ...BASE_LOAD,
    port,
    operations: ['mset'],
    connections: FILL_CONNECTIONS,
    pipeline: FILL_PIPELINE,
    order: 'sequential',
    keys,
    valueBytes,
    pairs,
    warmUpSeconds: 0,
    seconds: null,
    requests,
  });
}
