/** Two systems take turns under the same load, A B A B, so that both meet the same machine. */
import { comparison, type Figure, type FigureName, type Measure } from '../figure.js';

export interface Measured {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Not by redis-benchmark. */
  readonly p999Ms?: number;
}

export interface Contender {
  readonly label: string;
  measure(): Promise<Measured>;
}

const MEASURES: readonly (readonly [Measure, keyof Measured])[] = [
  ['requests/s', 'requestsPerSecond'],
  ['p50 ms', 'p50Ms'],
  ['p99 ms', 'p99Ms'],
  ['p99.9 ms', 'p999Ms'],
];

/**
 * Runs of each before the first one that counts: what compiles itself while it runs, as we do, is
 * slower in its first seconds, and a server is not restarted for every 100,000 requests.
 */
const WARM_UP_ROUNDS = 2;

export async function contest(
  name: FigureName,
  ours: Contender,
  peer: Contender,
  pairs: number,
): Promise<Figure[]> {
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    await ours.measure();
    await peer.measure();
  }
  const ourRuns: Measured[] = [];
  const peerRuns: Measured[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    ourRuns.push(await ours.measure());
    peerRuns.push(await peer.measure());
  }
  return MEASURES.flatMap(([measure, field]) => {
    const of = (runs: readonly Measured[]): number[] => runs.flatMap((run) => run[field] ?? []);
    const [values, peers] = [of(ourRuns), of(peerRuns)];
    if (values.length === 0) return [];
    return [comparison(name, measure, values, { label: peer.label, values: peers })];
  });
}
