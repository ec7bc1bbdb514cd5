/** How the system grows with the number of keys: each count in a fresh cluster of its own. */
import { figure, type Figure, type FigureName, type Measure } from '../figure.js';
import { BASE_LOAD, type LoadReport, type Operation } from '../load/load-spec.js';
import type { Bench, Row } from '../row.js';
import { ManyKeys } from '../systems/many-keys.js';
import { refilled, restarted } from './comings-and-goings.js';

export const KEY_COUNTS_ROW: Row = {
  name: 'key-counts',
  title: 'throughput, memory, restart and rejoin by number of keys',
  tools: [],
  uses: [],
  isQuick: false,
  async measure(bench) {
    const figures: Figure[] = [];
    for (const keys of bench.scale.keyCounts) figures.push(...(await measureCount(bench, keys)));
    return figures;
  },
};

async function measureCount(bench: Bench, keys: number): Promise<Figure[]> {
  bench.say(`  ${keys} keys`);
  const { folder, generator } = bench;
  const { deltaMemory } = bench.scale;
  const many = await ManyKeys.start({ folder, generator, keys, deltaMemory });
  const { cluster } = many.ours;
  const named = (what: string, series: string): FigureName => ({
    row: `${what}-keys-${keys}`,
    title: `${series}, ${keys} keys`,
    point: { axis: 'keys', x: keys, series },
  });
  try {
    const memory = figure(named('memory', 'memory a key'), 'bytes', many.bytesPerKey);
    const sets = await runs(bench, many, keys, 'set');
    const gets = await runs(bench, many, keys, 'get');
    const restart = await restarted(cluster, cluster.participant(1));
    const rejoin = await refilled(cluster, cluster.participant(2));
    return [
      memory,
      ...loadFigures(named('set', 'SET'), sets),
      ...loadFigures(named('get', 'GET'), gets),
      figure(named('restart', 'restart'), 'seconds', [restart.seconds]),
      figure(named('rejoin', 'rejoin of an empty participant'), 'seconds', [rejoin.seconds]),
    ];
  } finally {
    await many.stop();
  }
}

async function runs(
  { generator, scale }: Bench,
  { port }: ManyKeys,
  keys: number,
  operation: Operation,
): Promise<LoadReport[]> {
  const { seconds, warmUpSeconds, pairs } = scale;
  const load = { ...BASE_LOAD, port, keys, seconds, warmUpSeconds };
  const reports: LoadReport[] = [];
  for (let round = 0; round < pairs; round += 1) {
    reports.push(await generator.run({ ...load, operations: [operation] }));
  }
  return reports;
}

function loadFigures(name: FigureName, reports: readonly LoadReport[]): Figure[] {
  const measures: [Measure, 'requestsPerSecond' | 'p50Ms' | 'p99Ms'][] = [
    ['requests/s', 'requestsPerSecond'],
    ['p50 ms', 'p50Ms'],
    ['p99 ms', 'p99Ms'],
  ];
  return measures.map(([measure, field]) =>
    figure(
      name,
      measure,
      reports.map((report) => report[field]),
    ),
  );
}
