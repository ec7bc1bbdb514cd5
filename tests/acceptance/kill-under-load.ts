/**
 * `node dist/tests/acceptance/kill-under-load.js [--seconds 60]`
 *
 * redis-benchmark runs at 50 clients, then also at pipeline 16, while each participant is killed
 * with -9 and restarted in turn: no error may show. Beside it a recording client writes unique
 * values and journals each acknowledgement; it goes on through kills of the coordinator too, which
 * follow without the benchmark. At the end every acknowledged value is read from each participant.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isServing, isWhole } from '../helpers/cluster-info.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { Recorder } from '../helpers/recorder.js';
import { EndlessBenchmark } from './endless-benchmark.js';
import { numberArgument, Outcome } from './outcome.js';

const CLIENTS = 50;
const PIPELINES = [1, 16];
const DOWN_MS = 2000;
const UP_MS = 500;
const COORDINATOR_KILLS = 6;
const COORDINATOR_DOWN_MS = 300;

async function killParticipantsInTurn(cluster: Cluster, seconds: number): Promise<number> {
  const deadline = performance.now() + seconds * 1000;
  let kills = 0;
  while (performance.now() < deadline) {
    const victim = cluster.participant(1 + (kills % cluster.participants.length));
    await victim.kill9();
    kills += 1;
    await delay(DOWN_MS);
    await victim.start();
    await cluster.waitForInfo(isWhole, 30_000);
    await delay(UP_MS);
  }
  return kills;
}

async function underBenchmark(
  cluster: Cluster,
  recorder: Recorder,
  seconds: number,
  pipeline: number,
  outcome: Outcome,
): Promise<void> {
  const before = recorder.report();
  recorder.startNewPhase();
  const benchmark = new EndlessBenchmark(cluster.coordinator.port, CLIENTS, pipeline);
  const kills = await killParticipantsInTurn(cluster, seconds);
  const problem = await benchmark.stop();
  const after = recorder.report();
  const where = `${CLIENTS} clients, pipeline ${pipeline}`;
  outcome.figure(`${where}: kills of participants`, kills);
  outcome.promise(`${where}: redis-benchmark`, problem ?? 'no error', problem === null);
  const errors = after.refused + after.unknown - before.refused - before.unknown;
  outcome.promise(`${where}: errors at the recording client`, errors, errors === 0);
  const { longestGapMs } = after;
  outcome.promise(`${where}: longest gap, ms`, longestGapMs, longestGapMs <= 2500);
}

async function killCoordinator(
  cluster: Cluster,
  recorder: Recorder,
  outcome: Outcome,
): Promise<void> {
  recorder.startNewPhase();
  for (let kill = 0; kill < COORDINATOR_KILLS; kill += 1) {
    await recorder.progress(500);
    await cluster.coordinator.kill9();
    await delay(COORDINATOR_DOWN_MS);
    await cluster.coordinator.start();
    await cluster.waitForInfo(isWhole, 30_000);
  }
  outcome.figure('kills of the coordinator', COORDINATOR_KILLS);
  outcome.figure('kills of the coordinator: longest gap, ms', recorder.report().longestGapMs);
}

/** Leaves each participant alone in turn and reads everything from it. */
async function readFromEach(cluster: Cluster, recorder: Recorder, outcome: Outcome): Promise<void> {
  for (const reader of cluster.participants) {
    await cluster.kill9(...cluster.participants.filter((role) => role !== reader));
    await cluster.waitForInfo(isServing);
    const lost = await recorder.lost();
    for (const line of lost.slice(0, 10)) console.log(`  ${line}`);
    outcome.promise(`lost, read from ${reader.name}`, lost.length, lost.length === 0);
    await cluster.start();
  }
}

const seconds = numberArgument('seconds', 60);
const outcome = new Outcome();
const cluster = await makeCluster();
try {
  await cluster.start();
  const recorder = new Recorder({
    host: cluster.coordinator.host,
    port: cluster.coordinator.port,
    journalPath: join(cluster.folder, 'journal'),
    writers: 8,
    keysPerWriter: 500,
  });
  recorder.start();
  for (const pipeline of PIPELINES) {
    await underBenchmark(cluster, recorder, seconds, pipeline, outcome);
  }
  await killCoordinator(cluster, recorder, outcome);
  const report = await recorder.stop();
  await cluster.waitForInfo(isWhole, 30_000);
  outcome.figure('acknowledged', report.acknowledged);
  outcome.figure('unknown', report.unknown);
  outcome.figure('refused', `${report.refused} ${report.refusals[0] ?? ''}`);
  await readFromEach(cluster, recorder, outcome);
} catch (error) {
  console.error(cluster.tails());
  throw error;
} finally {
  await cluster.end();
}
outcome.finish();
