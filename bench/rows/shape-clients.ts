/**
 * Memory, restart and rejoin by number of clients that write meanwhile, in the closed loop: all in
 * one cluster, so that memory is told with what earlier clients left behind.
 */
import { figure, type Figure, type Measure } from '../figure.js';
import { BASE_LOAD } from '../load/load-spec.js';
import { memoryAfterCollection } from '../measures/memory.js';
import { withProbe } from '../measures/probes.js';
import type { Bench, Row } from '../row.js';
import { OurCluster } from '../systems/our-cluster.js';
import { fill } from '../systems/system.js';
import { refilled, restarted } from './comings-and-goings.js';

const CLIENTS = [1, 50, 200, 1000];
/** Less than the keys take, so that an empty store gets a snapshot. */
const DELTA_MEMORY = '4mb';
const PROBED = withProbe('memory-probe');

export const SHAPE_CLIENTS_ROW: Row = {
  name: 'shape-clients',
  title: 'memory, restart and rejoin by clients that write meanwhile',
  tools: [],
  uses: [],
  isQuick: false,
  measure: measureByClients,
};

async function measureByClients(bench: Bench): Promise<Figure[]> {
  const { folder, generator, scale } = bench;
  const settings = { delta_memory: DELTA_MEMORY };
  const ours = await OurCluster.start({ folder, settings, start: PROBED });
  try {
    const { cluster } = ours;
    const { rss: before } = await memoryAfterCollection(cluster.coordinator);
    await fill(generator, ours.port, scale.keys, BASE_LOAD.valueBytes);
    const figures: Figure[] = [];
    for (const connections of CLIENTS) {
      bench.say(`  ${connections} clients`);
      const stop = generator.begin({ ...BASE_LOAD, connections, port: ours.port });
      const restart = await restarted(cluster, cluster.participant(1));
      const rejoin = await refilled(cluster, cluster.participant(2));
      const { rss } = await memoryAfterCollection(cluster.coordinator);
      await stop();
      const of = (series: string, measure: Measure, value: number): Figure =>
        figure(
          {
            row: `shape-clients-${connections}-${series.replaceAll(' ', '-')}`,
            title: `${series}, ${connections} clients that write`,
            point: { axis: 'clients', x: connections, series },
          },
          measure,
          [value],
        );
      figures.push(
        of('memory of the coordinator', 'bytes', rss - before),
        of('restart', 'seconds', restart.seconds),
        of('rejoin of an empty participant', 'seconds', rejoin.seconds),
      );
    }
    return figures;
  } finally {
    await ours.stop();
  }
}
