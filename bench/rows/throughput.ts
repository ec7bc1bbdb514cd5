/** Rows of the throughput table, measured with redis-benchmark or our own generator. */
import { comparison, type Figure, type FigureName } from '../figure.js';
import { BASE_LOAD, type LoadSpec } from '../load/load-spec.js';
import { redisBenchmark } from '../load/redis-benchmark.js';
import type { Bench, Row } from '../row.js';
import { fill, type System } from '../systems/system.js';
import { contest, type Contender, type Measured } from './contest.js';
import { THROUGHPUT_ROWS, type ThroughputRow } from './throughput-table.js';

/** redis-benchmark wants a number of requests: the run before tells how many fit into the time. */
const CALIBRATION_REQUESTS = 4000;
const BYTES_PER_MB = 1e6;
const PEERS = { alone: 'Redis alone', replicated: 'Redis + 3 replicas + WAIT 3' } as const;

export function throughputRows(): Row[] {
  return THROUGHPUT_ROWS.map((row) => ({
    name: row.name,
    title: `${row.title}, against ${PEERS[row.peer]}`,
    tools: ['redis-server', ...(row.tool === 'own' ? [] : ['redis-benchmark'])],
    uses: [row.who, row.peer],
    isQuick: row.isTarget,
    measure: (bench) => measureRow(bench, row),
  }));
}

async function measureRow(bench: Bench, row: ThroughputRow): Promise<Figure[]> {
  const { scale } = bench;
  const ours = await bench.systems[row.who]();
  const peer = await bench.systems.peer(row.peer);
  const spec = { ...BASE_LOAD, ...row.load };
  for (const system of [ours, peer]) await prepare(bench, system, row, spec.keys);
  const name: FigureName = {
    row: row.name,
    title: row.title,
    point:
      row.axis === undefined ? null : { axis: row.axis[0], x: row.axis[1], series: row.axis[2] },
  };
  const figures = await contest(
    name,
    await contender(bench, row, ours),
    await contender(bench, row, peer),
    row.isTarget ? scale.targetPairs : scale.pairs,
  );
  for (const system of [ours, peer]) await restore(bench, system, spec);
  const isAboutBytes = row.axis?.[0] === 'value bytes';
  return isAboutBytes ? [...figures, ...inBytes(name, figures, spec.valueBytes)] : figures;
}

async function prepare(
  { generator }: Bench,
  system: System,
  { fillBytes }: ThroughputRow,
  keys: number,
): Promise<void> {
  if (fillBytes !== undefined) await fill(generator, system.port, keys, fillBytes);
}

/** Later rows begin with values of the base point again. */
async function restore({ generator }: Bench, system: System, spec: Omit<LoadSpec, 'port'>) {
  const isBase = spec.valueBytes === BASE_LOAD.valueBytes && !spec.operations.includes('del');
  if (!isBase) await fill(generator, system.port, spec.keys, BASE_LOAD.valueBytes);
}

async function contender(bench: Bench, row: ThroughputRow, system: System): Promise<Contender> {
  const measure =
    row.tool === 'own'
      ? ownMeasure(bench, row, system)
      : await benchmarkMeasure(bench, row, system);
  return { label: system.label, measure };
}

function ownMeasure(
  { generator, scale }: Bench,
  row: ThroughputRow,
  system: System,
): () => Promise<Measured> {
  const { seconds, warmUpSeconds } = scale;
  const spec: LoadSpec = {
    ...BASE_LOAD,
    seconds,
    warmUpSeconds,
    ...row.load,
    port: system.port,
  };
  const operations = spec.operations.map((each) => (each === 'set' ? system.set : each));
  return async () => {
    if (row.refills === true) await fill(generator, spec.port, spec.keys, spec.valueBytes);
    return generator.run({ ...spec, operations });
  };
}

async function benchmarkMeasure(
  { scale }: Bench,
  row: ThroughputRow,
  system: System,
): Promise<() => Promise<Measured>> {
  const { connections, pipeline, keys, valueBytes, operations } = { ...BASE_LOAD, ...row.load };
  const test = operations[0] === 'get' ? 'get' : 'set';
  const spec = { port: system.port, test, connections, pipeline, keys, valueBytes } as const;
  let { requestsPerSecond } = await redisBenchmark(spec, CALIBRATION_REQUESTS * pipeline);
  return async () => {
    const report = await redisBenchmark(spec, Math.ceil(requestsPerSecond * scale.seconds));
    ({ requestsPerSecond } = report);
    return report;
  };
}

function inBytes(name: FigureName, figures: readonly Figure[], valueBytes: number): Figure[] {
  const requests = figures.find(({ measure }) => measure === 'requests/s');
  if (requests === undefined || requests.peer === null) return [];
  const bytes = (values: readonly number[]): number[] =>
    values.map((value) => (value * valueBytes) / BYTES_PER_MB);
  const { label, spread } = requests.peer;
  const peer = { label, values: bytes(spread.values) };
  return [comparison(name, 'MB/s', bytes(requests.ours.values), peer)];
}
