/** Two systems take turns under the same load, A B A B, so that both meet the same machine. */
import { comparison, type Figure, type FigureName, type Measure } from '../figure.js';

export interface Measured {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Contender {
  readonly label: string;
  measure(): Promise<Measured>;
}

const MEASURES: readonly (readonly [Measure, keyof Measured])[] = [
  ['requests/s', 'requestsPerSecond'],
  ['p50 ms', 'p50Ms'],
  ['p99 ms', 'p99Ms'],
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
  return MEASURES.map(([measure, field]) => {
    const of = (runs: readonly Measured[]): number[] => runs.map((run) => run[field]);
    return comparison(name, measure, of(ourRuns), { label: peer.label, values: of(peerRuns) });
  });
}
