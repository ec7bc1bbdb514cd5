/**
 * How throughput, latency and processor time grow with the number of participants: clusters of each
 * size stand side by side and take turns. Processor time is that of all processes of the cluster.
 */
import { figure, type Figure } from '../figure.js';
import { BASE_LOAD, type LoadReport, type Operation } from '../load/load-spec.js';
import { processorSeconds } from '../measures/process-counters.js';
import type { Bench, Row } from '../row.js';
import { OurCluster } from '../systems/our-cluster.js';
import { fill } from '../systems/system.js';

const OPERATIONS: readonly Operation[] = ['set', 'get'];
/** What compiles itself while it runs takes more at first. */
const WARM_UP_ROUNDS = 1;

interface Run {
  readonly report: LoadReport;
  readonly processorMicros: number;
}

export const PARTICIPANTS_ROW: Row = {
  name: 'participants',
  title: 'SET and GET, 50 clients, by number of participants',
  tools: [],
  uses: [],
  isQuick: true,
  measure: measureParticipants,
};

export function processorRow(operation: string, participants: number): string {
  return `${operation}-participants-${participants}`;
}

async function measureParticipants(bench: Bench): Promise<Figure[]> {
  const { scale, folder, generator } = bench;
  const clusters = new Map<number, OurCluster>();
  try {
    for (const participants of scale.participantCounts) {
      const ours = await OurCluster.start({ folder, participants });
      clusters.set(participants, ours);
      await fill(generator, ours.port, scale.keys, BASE_LOAD.valueBytes);
    }
    const figures: Figure[] = [];
    for (const operation of OPERATIONS) {
      const runs = await takeTurns(bench, clusters, operation);
      for (const [participants, ofSize] of runs) {
        figures.push(...figuresOf(operation, participants, ofSize));
      }
    }
    return figures;
  } finally {
    for (const ours of clusters.values()) await ours.stop();
  }
}

async function takeTurns(
  bench: Bench,
  clusters: ReadonlyMap<number, OurCluster>,
  operation: Operation,
): Promise<Map<number, Run[]>> {
  const runs = new Map<number, Run[]>([...clusters.keys()].map((size) => [size, []]));
  for (let round = -WARM_UP_ROUNDS; round < bench.scale.targetPairs; round += 1) {
    for (const [size, ours] of clusters) {
      const one = await runOnce(bench, ours, operation);
      if (round >= 0) runs.get(size)?.push(one);
    }
  }
  return runs;
}

/** Without a warm-up of its own: what the processes used is divided by all that was answered. */
async function runOnce(bench: Bench, ours: OurCluster, operation: Operation): Promise<Run> {
  const { seconds } = bench.scale;
  const { pids, port } = ours;
  const before = processorSeconds(pids);
  const operations = [operation];
  const load = { ...BASE_LOAD, port, operations, seconds, warmUpSeconds: 0 };
  const report = await bench.generator.run(load);
  const processorMicros = ((processorSeconds(pids) - before) * 1e6) / report.requests;
  return { report, processorMicros };
}

function figuresOf(operation: Operation, participants: number, runs: readonly Run[]): Figure[] {
  const series = operation.toUpperCase();
  const name = {
    row: processorRow(operation, participants),
    title: `${series}, 50 clients, ${participants} participant${participants === 1 ? '' : 's'}`,
    point: { axis: 'participants', x: participants, series },
  };
  return [
    figure(
      name,
      'requests/s',
      runs.map(({ report }) => report.requestsPerSecond),
    ),
    figure(
      name,
      'p50 ms',
      runs.map(({ report }) => report.p50Ms),
    ),
    figure(
      name,
      'p99 ms',
      runs.map(({ report }) => report.p99Ms),
    ),
    figure(
      name,
      'µs of processor a request',
      runs.map(({ processorMicros }) => processorMicros),
    ),
  ];
}
