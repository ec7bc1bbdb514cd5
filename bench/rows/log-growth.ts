/** Writes until each participant has a snapshot, and behind it most of what its log may grow to. */
import { BASE_LOAD } from '../load/load-spec.js';
import { infoOf } from '../measures/info-of.js';
import type { Bench } from '../row.js';
import { MANY_KEYS_VALUE_BYTES, type ManyKeys } from '../systems/many-keys.js';

/** Three quarters of what `snapshot_after_bytes` is by default. */
const LOG_BYTES = 200_000_000;
const REQUESTS = 50_000;
const PIPELINE = 16;
/** All of them together are several times what a snapshot and the log behind it take. */
const MOST_ROUNDS = 100;

export async function growLog({ generator }: Bench, { ours, keys }: ManyKeys): Promise<void> {
  const role = ours.cluster.participant(1);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { checkpoints, log_bytes: bytes } = await infoOf(role);
    if (Number(checkpoints) > 0 && Number(bytes) >= LOG_BYTES) return;
    await generator.run({
      ...BASE_LOAD,
      port: ours.port,
      keys,
      valueBytes: MANY_KEYS_VALUE_BYTES,
      pipeline: PIPELINE,
      warmUpSeconds: 0,
      seconds: null,
      requests: REQUESTS,
    });
  }
  throw new Error('the log did not grow as was expected');
}
