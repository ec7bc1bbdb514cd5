/**
 * `make bench`, `npm run bench -- [--quick]`: a cluster of this program against a redis-server that
 * syncs every write, on the same disk, in the same run. The two take turns, so that a machine that
 * slows down meanwhile slows both down; medians are compared.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { makeCluster } from '../tests/helpers/processes.js';
import { PROJECT_ROOT } from '../tests/helpers/project-root.js';
import { findTool } from '../tests/helpers/tools.js';
import { measure, type Measurement, type Workload } from './redis-benchmark.js';
import { RedisServer } from './redis-server.js';
import { isInMemory, type SyncTimes, syncTimes } from './sync-probe.js';

const NEEDED_TOOLS = ['redis-server', 'redis-benchmark'];
const ROUNDS = 3;
const QUICK_ROUNDS = 2;
const QUICK_DIVISOR = 10;
const CLIENTS = 50;
const WARM_UP_REQUESTS = 5000;

const WORKLOADS: readonly Workload[] = [
  { test: 'set', requests: 100_000, clients: CLIENTS, pipeline: 1 },
  { test: 'get', requests: 200_000, clients: CLIENTS, pipeline: 1 },
  { test: 'set', requests: 200_000, clients: CLIENTS, pipeline: 16 },
  { test: 'get', requests: 400_000, clients: CLIENTS, pipeline: 16 },
];

interface Comparison {
  readonly workload: Workload;
  readonly ours: readonly Measurement[];
  readonly redis: readonly Measurement[];
  readonly oursMedian: number;
  readonly redisMedian: number;
  readonly ratio: number;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function median(measurements: readonly Measurement[]): number {
  const rates = measurements.map((one) => one.requestsPerSecond).sort((a, b) => a - b);
  return rates[Math.floor(rates.length / 2)] ?? 0;
}

async function compare(
  ourPort: number,
  redisPort: number,
  workload: Workload,
  rounds: number,
): Promise<Comparison> {
  const ours: Measurement[] = [];
  const redis: Measurement[] = [];
  const warmUp = { ...workload, requests: WARM_UP_REQUESTS };
  await measure(ourPort, warmUp);
  await measure(redisPort, warmUp);
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await measure(ourPort, workload));
    redis.push(await measure(redisPort, workload));
  }
  const oursMedian = median(ours);
  const redisMedian = median(redis);
  const ratio = Number((oursMedian / redisMedian).toFixed(3));
  return { workload, ours, redis, oursMedian, redisMedian, ratio };
}

function line(comparison: Comparison): string {
  const { workload, oursMedian, redisMedian, ratio, ours } = comparison;
  const { p50Ms, p99Ms } = ours.at(-1) ?? {};
  const name = `${workload.test.toUpperCase()} c=${workload.clients} P=${workload.pipeline}`;
  return [
    name.padEnd(16),
    `${Math.round(oursMedian)}/s`.padStart(12),
    `${Math.round(redisMedian)}/s`.padStart(12),
    ratio.toFixed(3).padStart(8),
    `  ours p50 ${p50Ms ?? '?'} ms, p99 ${p99Ms ?? '?'} ms`,
  ].join(' ');
}

function keep(quick: boolean, sync: SyncTimes, comparisons: readonly Comparison[]): string {
  const folder = join(PROJECT_ROOT, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const path = join(folder, `${at.replaceAll(':', '-')}.json`);
  const machine = {
    cpu: cpus()[0]?.model,
    processors: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    kernel: `${process.platform} ${release()}`,
  };
  writeFileSync(path, `${JSON.stringify({ at, quick, machine, sync, comparisons }, null, 2)}\n`);
  return path;
}

async function bench(quick: boolean): Promise<void> {
  const parentFolder = join(PROJECT_ROOT, '.build');
  mkdirSync(parentFolder, { recursive: true });
  if (isInMemory(parentFolder)) say(`warning: ${parentFolder} is in memory: syncs cost nothing`);
  const redisFolder = mkdtempSync(join(parentFolder, 'redis-'));
  const cluster = await makeCluster({ parentFolder });
  let redis: RedisServer | undefined;
  try {
    const sync = syncTimes(redisFolder);
    say(`one fdatasync here: p50 ${sync.p50Ms} ms, p99 ${sync.p99Ms} ms`);
    await cluster.start();
    redis = await RedisServer.start(redisFolder);
    say(`${''.padEnd(16)} ${'ours'.padStart(12)} ${'redis'.padStart(12)} ${'ratio'.padStart(8)}`);
    const comparisons: Comparison[] = [];
    for (const full of WORKLOADS) {
      const requests = quick ? full.requests / QUICK_DIVISOR : full.requests;
      const rounds = quick ? QUICK_ROUNDS : ROUNDS;
      const workload = { ...full, requests };
      const result = await compare(cluster.coordinator.port, redis.port, workload, rounds);
      comparisons.push(result);
      say(line(result));
    }
    say(`written to ${keep(quick, sync, comparisons)}`);
  } finally {
    await redis?.stop();
    await cluster.end();
    rmSync(redisFolder, { recursive: true, force: true });
  }
}

const missing = NEEDED_TOOLS.filter((tool) => findTool(tool) === null);
if (missing.length > 0) {
  say(`skipped: ${missing.join(' and ')} not installed`);
  process.exitCode = process.env['KV_REQUIRE_TOOLS'] === undefined ? 0 : 1;
} else {
  await bench(process.argv.includes('--quick'));
}
