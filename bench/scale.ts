/** How much is measured: the full run, and one that is over in two minutes. */

export interface Scale {
  readonly isQuick: boolean;
  /** Interleaved pairs of a row that a target is held against, and of any other. */
  readonly targetPairs: number;
  readonly pairs: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** At the base point. */
  readonly keys: number;
  /** Of the rows that speak of a million. */
  readonly manyKeys: number;
  /** Setting `delta_memory` there; less than they take, so that an empty store gets a snapshot. */
  readonly deltaMemory: string;
  readonly participantCounts: readonly number[];
  readonly keyCounts: readonly number[];
  /** Restarts, and rejoins of each kind. */
  readonly repeats: number;
  readonly outageSeconds: number;
  readonly snapshotSeconds: number;
  /** Coordinator memory is compared after the first and after the second number of writes. */
  readonly memoryWrites: readonly [few: number, many: number];
}

export const FULL: Scale = {
  isQuick: false,
  targetPairs: 5,
  pairs: 3,
  seconds: 2.5,
  warmUpSeconds: 0.5,
  keys: 100_000,
  manyKeys: 1_000_000,
  deltaMemory: '64mb',
  participantCounts: [1, 2, 3, 5],
  keyCounts: [1_000, 10_000, 100_000, 1_000_000, 2_000_000],
  repeats: 5,
  outageSeconds: 10,
  snapshotSeconds: 8,
  memoryWrites: [100_000, 10_000_000],
};

export const QUICK: Scale = {
  isQuick: true,
  targetPairs: 2,
  pairs: 1,
  seconds: 0.5,
  warmUpSeconds: 0.2,
  keys: 100_000,
  manyKeys: 100_000,
  deltaMemory: '6400kb',
  participantCounts: [1, 5],
  keyCounts: [],
  repeats: 1,
  outageSeconds: 2,
  snapshotSeconds: 2,
  memoryWrites: [20_000, 200_000],
};
