/** Memory: of a participant for each key, and of the coordinator after many writes over few. */
import { figure, type Figure } from '../figure.js';
import { BASE_LOAD } from '../load/load-spec.js';
import { memoryAfterCollection } from '../measures/memory.js';
import { withProbe } from '../measures/probes.js';
import type { Bench, Row } from '../row.js';
import { OurCluster } from '../systems/our-cluster.js';

const PIPELINE = 16;

export const MEMORY_PER_KEY_ROW: Row = {
  name: 'memory-key',
  title: 'resident bytes of a participant a key of 16 bytes with 100 bytes of value',
  tools: [],
  uses: ['manyKeys'],
  isQuick: true,
  async measure({ systems }) {
    const { bytesPerKey, keys } = await systems.manyKeys();
    const title = `${MEMORY_PER_KEY_ROW.title}, ${keys} keys`;
    return [figure({ row: MEMORY_PER_KEY_ROW.name, title }, 'bytes', bytesPerKey)];
  },
};

export const COORDINATOR_MEMORY_ROW: Row = {
  name: 'memory-coordinator',
  title: 'memory of the coordinator after many writes over after few',
  tools: [],
  uses: [],
  isQuick: true,
  measure: measureCoordinator,
};

async function measureCoordinator({ folder, generator, scale }: Bench): Promise<Figure[]> {
  const [few, many] = scale.memoryWrites;
  const ours = await OurCluster.start({ folder, start: withProbe('memory-probe') });
  const held = async (writes: number): Promise<number> => {
    await generator.run({
      ...BASE_LOAD,
      port: ours.port,
      pipeline: PIPELINE,
      keys: scale.keys,
      warmUpSeconds: 0,
      seconds: null,
      requests: writes,
    });
    const { heapUsed, external } = await memoryAfterCollection(ours.cluster.coordinator);
    return heapUsed + external;
  };
  try {
    const afterFew = await held(few);
    const afterMany = await held(many - few);
    const { name: row } = COORDINATOR_MEMORY_ROW;
    const title = `memory of the coordinator after ${many} writes over after ${few}`;
    const notes = { afterFew, afterMany };
    return [figure({ row, title, notes }, 'factor', [afterMany / afterFew])];
  } finally {
    await ours.stop();
  }
}
