/**
 * Memory, restart and rejoin by the number of participants, and by the size of the values where
 * all of them together take the same: each shape in a fresh cluster of its own.
 */
import { type ChartPoint, figure, type Figure } from '../figure.js';
import type { Bench, Row } from '../row.js';
import { MANY_KEYS_VALUE_BYTES, ManyKeys } from '../systems/many-keys.js';
import { refilled, restarted, type Return } from './comings-and-goings.js';

const BYTES_IN_ALL = 20_000_000;
/** Less than that, so that an empty store gets a snapshot. */
const DELTA_MEMORY = '4mb';
const VALUE_SIZES = [100, 1000, 10_000, 100_000, 1_000_000];

interface Shape {
  readonly participants: number;
  readonly valueBytes: number;
  readonly point: Omit<ChartPoint, 'series'>;
}

function shapesRow(name: string, title: string, shapesOf: (bench: Bench) => Shape[]): Row {
  return {
    name,
    title,
    tools: [],
    uses: [],
    isQuick: false,
    async measure(bench) {
      const figures: Figure[] = [];
      for (const shape of shapesOf(bench))
        figures.push(...(await measureShape(bench, name, shape)));
      return figures;
    },
  };
}

export const SHAPE_ROWS: readonly Row[] = [
  shapesRow('shape-participants', 'memory, restart and rejoin by participants', ({ scale }) =>
    scale.participantCounts.map((participants) => ({
      participants,
      valueBytes: MANY_KEYS_VALUE_BYTES,
      point: { axis: 'participants', x: participants },
    })),
  ),
  shapesRow('shape-values', 'memory, restart and rejoin by size of the values', () =>
    VALUE_SIZES.map((valueBytes) => ({
      participants: 3,
      valueBytes,
      point: { axis: 'value bytes', x: valueBytes },
    })),
  ),
];

async function measureShape(bench: Bench, row: string, shape: Shape): Promise<Figure[]> {
  const { folder, generator } = bench;
  const { participants, valueBytes, point } = shape;
  const keys = BYTES_IN_ALL / valueBytes;
  const what = `${participants} participants, ${keys} keys with ${valueBytes} bytes each`;
  bench.say(`  ${what}`);
  const deltaMemory = DELTA_MEMORY;
  const many = await ManyKeys.start({ ...shape, folder, generator, keys, deltaMemory });
  const figureOf = (name: string, measure: Figure['measure'], values: readonly number[]): Figure =>
    figure(
      {
        row: `${row}-${point.x}-${name.replaceAll(' ', '-')}`,
        title: `${name}, ${what}`,
        point: { ...point, series: name },
      },
      measure,
      values,
    );
  try {
    const restarts = await repeated(bench, many, restarted);
    // Whoever is alone has nobody to be refilled from.
    const refills = participants === 1 ? [] : await repeated(bench, many, refilled);
    return [
      figureOf('memory of a participant', 'bytes', many.participantBytes),
      figureOf('memory of the coordinator', 'bytes', [many.coordinatorBytes]),
      figureOf('restart', 'seconds', restarts),
      ...(refills.length === 0
        ? []
        : [figureOf('rejoin of an empty participant', 'seconds', refills)]),
    ];
  } finally {
    await many.stop();
  }
}

async function repeated(
  { scale }: Bench,
  { ours: { cluster } }: ManyKeys,
  leave: typeof restarted,
): Promise<number[]> {
  const returns: Return[] = [];
  for (let count = 0; count < scale.pairs; count += 1) {
    const number = 1 + (count % cluster.participants.length);
    returns.push(await leave(cluster, cluster.participant(number)));
  }
  return returns.map(({ seconds }) => seconds);
}
