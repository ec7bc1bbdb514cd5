/**
 * The rows that compare throughput and latency: one axis at a time is varied around the base point
 * of 64-byte values, 50 clients, three participants and 100,000 keys.
 */
import type { ChartPoint } from '../figure.js';
import { BASE_LOAD, type LoadSpec } from '../load/load-spec.js';

export interface ThroughputRow {
  readonly name: string;
  readonly title: string;
  /** Who is compared with the peer: a floor shows how far any program of this shape could come. */
  readonly who: 'ours' | 'floor';
  readonly peer: 'alone' | 'replicated';
  readonly tool: 'redis-benchmark' | 'own';
  /** What differs from the base point. A SET becomes a SET and a WAIT where the peer needs that. */
  readonly load: Partial<LoadSpec>;
  readonly isTarget: boolean;
  readonly axis?: readonly [axis: ChartPoint['axis'], x: ChartPoint['x'], series: string];
  /** Values are of this length before reads begin. */
  readonly fillBytes?: number;
  /** What was deleted is stored again before each measurement. */
  readonly refills?: boolean;
}

const KB = 1000;
const MB = 1_000_000;

/** Few keys for large values: the store must fit into memory several times. */
function keysFor(valueBytes: number): Partial<LoadSpec> {
  if (valueBytes < 10 * KB) return {};
  return { keys: valueBytes < MB ? 1000 : 100 };
}

function sizeRows(label: string, valueBytes: number): ThroughputRow[] {
  const load = { valueBytes, ...keysFor(valueBytes) };
  const name = label.replace(' ', '').toLowerCase();
  return [
    {
      name: `set-${name}-wait`,
      title: `SET of ${label}, 50 clients`,
      who: 'ours',
      peer: 'replicated',
      tool: 'own',
      load,
      isTarget: label === '100 KB',
      axis: ['value bytes', valueBytes, 'SET'],
    },
    {
      name: `get-${name}`,
      title: `GET of ${label}, 50 clients`,
      who: 'ours',
      peer: 'alone',
      tool: 'own',
      load: { ...load, operations: ['get'] },
      isTarget: false,
      fillBytes: valueBytes,
      axis: ['value bytes', valueBytes, 'GET'],
    },
  ];
}

const TARGETS: readonly ThroughputRow[] = [
  ...[50, 200, 1].map((connections): ThroughputRow => {
    const clients = connections === 1 ? 'client' : 'clients';
    return {
      name: `set-${connections}-wait`,
      title: `SET, ${connections} ${clients}`,
      who: 'ours',
      peer: 'replicated',
      tool: 'own',
      load: { connections },
      isTarget: true,
      axis: ['clients', connections, 'SET'],
    };
  }),
  ...(['set', 'get'] as const).flatMap((operation) =>
    [1, 16].map((pipeline): ThroughputRow => ({
      name: pipeline === 1 ? `${operation}-50` : `${operation}-50-p16`,
      title: `${operation.toUpperCase()}, 50 clients${pipeline === 1 ? '' : ', pipeline 16'}, by redis-benchmark`,
      who: 'ours',
      peer: 'alone',
      tool: 'redis-benchmark',
      load: { operations: [operation], pipeline },
      isTarget: true,
      axis: ['pipeline', String(pipeline), operation.toUpperCase()],
    })),
  ),
];

/** Each key once: chosen at random, more and more would be gone already. */
const EACH_ONCE: Partial<LoadSpec> = {
  order: 'sequential',
  warmUpSeconds: 0,
  seconds: null,
  requests: BASE_LOAD.keys,
};

const OPERATIONS: readonly ThroughputRow[] = (
  [
    ['SET', { operations: ['set'] }],
    ['GET', { operations: ['get'] }],
    ['half SET, half GET', { operations: ['set', 'get'] }],
    ['DEL', { operations: ['del'], ...EACH_ONCE }],
    ['MSET of 10', { operations: ['mset'] }],
  ] as const
).map(([operation, load]) => ({
  name: `op-${operation.toLowerCase().replaceAll(/[ ,]+/g, '-')}`,
  title: `${operation}, 50 clients`,
  who: 'ours',
  peer: 'alone',
  tool: 'own',
  load,
  isTarget: false,
  axis: ['operation', operation, 'requests'],
  refills: operation === 'DEL',
}));

const GET_CLIENTS: readonly ThroughputRow[] = [1, 50, 200].map((connections) => ({
  name: `get-${connections}-clients`,
  title: `GET, ${connections} client${connections === 1 ? '' : 's'}`,
  who: 'ours',
  peer: 'alone',
  tool: 'own',
  load: { operations: ['get'], connections },
  isTarget: false,
  axis: ['clients', connections, 'GET'],
}));

/** A run's p99 is to hold several of the collections that a process makes every few seconds. */
const RATE_SECONDS = 6;

/** Requests come whether earlier ones are answered or not: who stalls pays for all of them. */
const AT_FIXED_RATES: readonly ThroughputRow[] = [2000, 5000, 10_000].map((rate) => ({
  name: `set-rate-${rate}-wait`,
  title: `SET, ${rate} a second whatever happens`,
  who: 'ours',
  peer: 'replicated',
  tool: 'own',
  load: { rate, seconds: RATE_SECONDS },
  isTarget: false,
  axis: ['rate', rate, 'SET'],
}));

const MIXED_AT_FIXED_RATE: ThroughputRow = {
  name: 'mixed-rate-5000',
  title: 'half SET, half GET, 5000 a second whatever happens',
  who: 'ours',
  peer: 'alone',
  tool: 'own',
  load: { operations: ['set', 'get'], rate: 5000, seconds: RATE_SECONDS },
  isTarget: false,
};

const LARGE_VALUES = sizeRows('100 KB', 100 * KB);

/** Of the rows that have a target. */
const FLOORS: readonly ThroughputRow[] = [...TARGETS, ...LARGE_VALUES]
  .filter(({ isTarget }) => isTarget)
  .map(({ name, title, peer, tool, load }) => ({
    name: `floor-${name}`,
    title: `the bare pattern, no store: ${title}`,
    who: 'floor',
    peer,
    tool,
    load,
    isTarget: false,
  }));

export const THROUGHPUT_ROWS: readonly ThroughputRow[] = [
  ...TARGETS,
  ...LARGE_VALUES,
  ...FLOORS,
  ...OPERATIONS,
  ...GET_CLIENTS,
  MIXED_AT_FIXED_RATE,
  ...AT_FIXED_RATES,
  ...sizeRows('16 B', 16),
  ...sizeRows('64 B', 64),
  ...sizeRows('1 KB', KB),
  ...sizeRows('1 MB', MB),
];
