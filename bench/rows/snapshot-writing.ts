/**
 * What the writing of snapshots costs clients: latencies at half of what 50 clients get at most, in
 * a cluster whose participants write one snapshot after the other against one that writes none.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../../tests/helpers/processes.js';
import { comparison, type Figure, type Measure } from '../figure.js';
import { BASE_LOAD, type LoadReport } from '../load/load-spec.js';
import { infoOf } from '../measures/info-of.js';
import { median } from '../measures/spread.js';
import type { Bench, Row } from '../row.js';
import { MANY_KEYS_VALUE_BYTES } from '../systems/many-keys.js';
import { OurCluster } from '../systems/our-cluster.js';
import { fill } from '../systems/system.js';
import { whole } from './comings-and-goings.js';

const NEVER = { snapshot_after_bytes: '1024gb', snapshot_after_records: 100_000_000 };
/** So little that the next one is due as soon as one is done. */
const AGAIN_AND_AGAIN = { snapshot_after_bytes: '4kb' };
const LOAD_SHARE = 0.5;
const WARM_UP_ROUNDS = 1;
const MAXIMUM_ROUNDS = 3;
const QUIET_POLL_MS = 50;
const QUIET_TIMEOUT_MS = 120_000;

export const SNAPSHOT_ROW: Row = {
  name: 'snapshot-load',
  title: 'SET at half of the maximal load of 50 clients while snapshots are written',
  tools: [],
  uses: [],
  isQuick: true,
  measure: measureSnapshots,
};

async function measureSnapshots(bench: Bench): Promise<Figure[]> {
  const { folder, scale, generator } = bench;
  const clusters: OurCluster[] = [];
  try {
    for (let count = 0; count < 2; count += 1) {
      const ours = await OurCluster.start({ folder, participantSettings: NEVER });
      clusters.push(ours);
      await fill(generator, ours.port, scale.manyKeys, MANY_KEYS_VALUE_BYTES);
    }
    const [busy, calm] = clusters;
    if (busy === undefined || calm === undefined) throw new Error('two clusters were started');
    await restartWith(busy.cluster, AGAIN_AND_AGAIN);
    await restartWith(calm.cluster, NEVER);
    return await compareThem(bench, busy, calm);
  } finally {
    for (const ours of clusters) await ours.stop();
  }
}

/** Participants begin to write snapshots when all keys are there, not before. */
async function restartWith(
  cluster: Cluster,
  { snapshot_after_bytes: bytes }: Pick<typeof NEVER, 'snapshot_after_bytes'>,
): Promise<void> {
  for (const role of cluster.participants) {
    await role.stop();
    const text = readFileSync(role.configPath, 'utf8');
    const [before, after] = [NEVER.snapshot_after_bytes, bytes].map(
      (each) => `snapshot_after_bytes ${each}`,
    );
    writeFileSync(role.configPath, text.replace(before ?? '', after ?? ''));
  }
  await Promise.all(cluster.participants.map((role) => role.start()));
  await whole(cluster);
}

async function compareThem(bench: Bench, busy: OurCluster, calm: OurCluster): Promise<Figure[]> {
  const { scale, generator } = bench;
  const load = { ...BASE_LOAD, keys: scale.manyKeys, valueBytes: MANY_KEYS_VALUE_BYTES };
  const { warmUpSeconds, snapshotSeconds: seconds } = scale;
  const maxima: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < MAXIMUM_ROUNDS; round += 1) {
    await generator.run({ ...load, port: busy.port, warmUpSeconds, seconds: seconds / 2 });
    await becomeQuiet(busy);
    const most = await generator.run({
      ...load,
      port: calm.port,
      warmUpSeconds,
      seconds: seconds / 2,
    });
    if (round >= 0) maxima.push(most.requestsPerSecond);
  }
  const rate = Math.round(median(maxima) * LOAD_SHARE);
  const atRate = ({ port }: OurCluster): Promise<LoadReport> =>
    generator.run({ ...load, port, rate, warmUpSeconds, seconds });
  const busyRuns: LoadReport[] = [];
  const calmRuns: LoadReport[] = [];
  const before = await snapshotsOf(busy);
  for (let pair = 0; pair < scale.targetPairs; pair += 1) {
    busyRuns.push(await atRate(busy));
    await becomeQuiet(busy);
    calmRuns.push(await atRate(calm));
  }
  const notes = { rate, snapshots: (await snapshotsOf(busy)) - before };
  const name = { row: SNAPSHOT_ROW.name, title: SNAPSHOT_ROW.title, notes };
  const measures: [Measure, 'p50Ms' | 'p99Ms' | 'p999Ms'][] = [
    ['p50 ms', 'p50Ms'],
    ['p99 ms', 'p99Ms'],
    ['p99.9 ms', 'p999Ms'],
  ];
  return measures.map(([measure, field]) =>
    comparison(
      name,
      measure,
      busyRuns.map((run) => run[field]),
      { label: 'the same without snapshots', values: calmRuns.map((run) => run[field]) },
    ),
  );
}

/** How many the participants have written. */
function snapshotsOf(ours: OurCluster): Promise<number> {
  return statsOf(ours, 'checkpoints');
}

/** Without load no new snapshot is begun: the last ones are waited for. */
async function becomeQuiet(ours: OurCluster): Promise<void> {
  for (const end = performance.now() + QUIET_TIMEOUT_MS; performance.now() < end;) {
    if ((await statsOf(ours, 'checkpointing')) === 0) return;
    await delay(QUIET_POLL_MS);
  }
  throw new Error('a snapshot did not end');
}

/** Of all participants together. */
async function statsOf({ cluster }: OurCluster, field: string): Promise<number> {
  let sum = 0;
  for (const role of cluster.participants) sum += Number((await infoOf(role))[field]);
  return sum;
}
