/** Which charts a result gives: one a measure and axis, ours beside the peers. */
import type { Figure, Measure } from '../figure.js';
import type { Spread } from '../measures/spread.js';
import { readable } from './numbers.js';
import type { Result } from './result.js';
import { type Chart, type ChartSeries, renderChart } from './svg.js';

interface ChartPlan {
  readonly name: string;
  readonly title: string;
  readonly axis: string;
  readonly measure: Measure;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly isLogX?: boolean;
  readonly isLogY?: boolean;
  /** Only these of the axis; all if it is not given. */
  readonly series?: readonly string[];
  /** What is measured below it is mostly something else. */
  readonly lowestX?: number;
}

const RATE = 'requests a second';
const VALUE_RATE = 'MB of values a second';
const P99 = 'p99 latency (ms)';

const clients = { axis: 'clients', xLabel: 'clients', isLogX: true } as const;
const valueBytes = { axis: 'value bytes', xLabel: 'bytes of a value', isLogX: true } as const;
const valueRate = { ...valueBytes, measure: 'MB/s', yLabel: VALUE_RATE } as const;
const latency = { measure: 'p99 ms', yLabel: P99 } as const;
const participants = { axis: 'participants', xLabel: 'participants' } as const;
const keys = { axis: 'keys', xLabel: 'keys stored', isLogX: true } as const;

const SHAPES = [
  ['participants', 'participants', participants],
  ['value', 'size of the value', valueBytes],
  ['clients', 'clients that write meanwhile', clients],
] as const;

const PLANS: readonly ChartPlan[] = [
  {
    name: 'operations',
    title: 'Throughput by operation, 50 clients',
    axis: 'operation',
    measure: 'requests/s',
    xLabel: 'operation',
    yLabel: RATE,
    series: ['requests'],
  },
  {
    name: 'pipeline',
    title: 'Throughput by pipeline, 50 clients',
    axis: 'pipeline',
    measure: 'requests/s',
    xLabel: 'requests that a client sends at once',
    yLabel: RATE,
  },
  ...['SET', 'GET'].flatMap((operation): ChartPlan[] => {
    const suffix = operation === 'SET' ? '' : '-get';
    const series = [operation];
    const byClients = { title: `${operation} by clients`, ...clients, series };
    const byValue = { title: `${operation} by size of the value`, series };
    const name = operation.toLowerCase();
    return [
      { name: `clients${suffix}`, ...byClients, measure: 'requests/s', yLabel: RATE },
      { name: `clients-latency${suffix}`, ...byClients, ...latency },
      { name: `value-${name}`, ...byValue, ...valueRate },
      { name: `value-${name}-latency`, ...byValue, ...valueBytes, ...latency, isLogY: true },
    ];
  }),
  {
    name: 'rate-latency',
    title: 'SET at a fixed rate',
    axis: 'rate',
    xLabel: 'SETs a second',
    ...latency,
  },
  {
    name: 'rate-latency-tail',
    title: 'SET at a fixed rate, the slowest of a thousand',
    axis: 'rate',
    xLabel: 'SETs a second',
    measure: 'p99.9 ms',
    yLabel: 'p99.9 latency (ms)',
    isLogY: true,
  },
  {
    name: 'participants',
    title: 'Throughput by participants, 50 clients',
    ...participants,
    measure: 'requests/s',
    yLabel: RATE,
  },
  {
    name: 'participants-latency',
    title: 'Latency by participants, 50 clients',
    ...participants,
    measure: 'p99 ms',
    yLabel: P99,
  },
  {
    name: 'participants-processor',
    title: 'Processor time by participants, 50 clients',
    ...participants,
    measure: 'µs of processor a request',
    yLabel: 'time of all processes a request (µs)',
  },
  ...SHAPES.flatMap(([name, by, shape]): ChartPlan[] => {
    return [
      {
        name: `${name}-memory`,
        title: `Memory by ${by}, less than that of empty processes`,
        ...shape,
        measure: 'bytes',
        yLabel: 'resident bytes of a process',
      },
      {
        name: `${name}-return`,
        title: `Restart and rejoin by ${by}`,
        ...shape,
        measure: 'seconds',
        yLabel: 'seconds until it is a member',
      },
    ];
  }),
  {
    name: 'keys',
    title: 'Throughput by keys, 50 clients',
    ...keys,
    measure: 'requests/s',
    yLabel: RATE,
  },
  {
    name: 'keys-latency',
    title: 'Latency by keys, 50 clients',
    ...keys,
    measure: 'p99 ms',
    yLabel: P99,
  },
  {
    name: 'keys-memory',
    title: 'Memory of a participant a key (16 bytes, values of 100)',
    ...keys,
    measure: 'bytes',
    yLabel: 'resident bytes a key',
    lowestX: 100_000,
  },
  {
    name: 'keys-return',
    title: 'Restart and rejoin by keys',
    ...keys,
    measure: 'seconds',
    yLabel: 'seconds until it is a member',
  },
];

export function charts(result: Result): { readonly name: string; readonly svg: string }[] {
  return PLANS.flatMap((each) => {
    const series = seriesOf(each, result.figures);
    if (!series.some(({ points }) => points.length > 1)) return [];
    const { title, xLabel, yLabel, isLogX = false, isLogY = false } = each;
    const labels = { title, subtitle: subtitle(result), xLabel, yLabel };
    const chart: Chart = { ...labels, isLogX, isLogY, series };
    return [{ name: each.name, svg: renderChart(chart) }];
  });
}

function subtitle({ at, machine }: Result): string {
  return (
    `${at.slice(0, 10)}, ${machine.processors} processors for client and servers, ` +
    `${machine.fileSystem}, fdatasync ${readable(machine.sync.p50Ms)} ms. ` +
    `Medians; thin lines: lowest to highest run`
  );
}

function seriesOf(wanted: ChartPlan, figures: readonly Figure[]): ChartSeries[] {
  const byName = new Map<string, ChartSeries['points'][number][]>();
  const add = (name: string, x: number | string, { median, min, max }: Spread): void => {
    const points = byName.get(name) ?? [];
    points.push({ x, y: median, low: min, high: max });
    byName.set(name, points);
  };
  for (const { measure, point, ours, peer } of figures) {
    if (point?.axis !== wanted.axis || measure !== wanted.measure) continue;
    if (wanted.series?.includes(point.series) === false) continue;
    if (Number(point.x) < (wanted.lowestX ?? 0)) continue;
    const what = wanted.series === undefined ? `${point.series}, ` : '';
    add(peer === null ? point.series : `${what}kvstore2pcsystem`, point.x, ours);
    if (peer !== null) add(`${what}${shortLabel(peer.label)}`, point.x, peer.spread);
  }
  return [...byName].map(([name, points]) => ({ name, points: ordered(points) }));
}

function shortLabel(label: string): string {
  return label.includes('3 replicas') ? 'Redis + 3 replicas + WAIT 3' : 'Redis alone';
}

function ordered(points: ChartSeries['points']): ChartSeries['points'] {
  return [...points].sort((a, b) =>
    typeof a.x === 'number' && typeof b.x === 'number' ? a.x - b.x : 0,
  );
}
