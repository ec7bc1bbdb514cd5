/** A steady stream of writes beside something else, in the open loop. */
import { setTimeout as delay } from 'node:timers/promises';
import { BASE_LOAD, type LoadReport } from '../load/load-spec.js';
import type { Bench } from '../row.js';
import { MANY_KEYS_VALUE_BYTES } from '../systems/many-keys.js';

const WRITES_PER_SECOND = 2000;
const CONNECTIONS = 10;
/** Writes go on for so long before anything happens. */
const LEAD_MS = 500;

/** Returns how to end it. */
export async function beginWriting(
  { generator }: Pick<Bench, 'generator'>,
  port: number,
  keys: number,
): Promise<() => Promise<LoadReport>> {
  const stop = generator.begin({
    ...BASE_LOAD,
    port,
    keys,
    connections: CONNECTIONS,
    valueBytes: MANY_KEYS_VALUE_BYTES,
    rate: WRITES_PER_SECOND,
    warmUpSeconds: 0,
  });
  await delay(LEAD_MS);
  return stop;
}
