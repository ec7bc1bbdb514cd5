/** Restart, and rejoin by delta and by snapshot, of a participant with many keys. */
import { figure, type Figure } from '../figure.js';
import type { Bench, Row } from '../row.js';
import {
  missedKilled,
  missedPaused,
  refilled,
  restarted,
  type Return,
} from './comings-and-goings.js';
import type { ManyKeys } from '../systems/many-keys.js';
import { growLog } from './log-growth.js';
import { beginWriting } from './writing-meanwhile.js';

type Leave = (...args: Parameters<typeof missedPaused>) => Promise<Return>;

interface Returning {
  readonly name: string;
  readonly title: string;
  readonly isUnderLoad: boolean;
  readonly leave: Leave;
  /** It is another measurement if it came back in another way. */
  readonly by: Return['by'];
  readonly isTarget: boolean;
  prepare?(bench: Bench, many: ManyKeys): Promise<void>;
}

function returningRow(returning: Returning): Row {
  const { name, title, isTarget } = returning;
  return {
    name,
    title,
    tools: [],
    uses: ['manyKeys'],
    isQuick: isTarget,
    measure: (bench) => measureReturns(bench, returning),
  };
}

export const RETURNING_ROWS: readonly Row[] = [
  returningRow({
    name: 'restart',
    title: 'restart of a participant until it is a member',
    isUnderLoad: false,
    leave: (cluster, role) => restarted(cluster, role),
    by: 'log',
    isTarget: true,
  }),
  returningRow({
    name: 'rejoin-delta',
    title: 'rejoin after its process stood still, 2,000 writes a second',
    isUnderLoad: true,
    leave: missedPaused,
    by: 'delta',
    isTarget: true,
  }),
  returningRow({
    name: 'rejoin-delta-killed',
    title: 'restart and rejoin after its process was down, 2,000 writes a second',
    isUnderLoad: true,
    leave: missedKilled,
    by: 'delta',
    isTarget: false,
  }),
  returningRow({
    name: 'rejoin-snapshot',
    title: 'rejoin of an empty participant, 2,000 writes a second',
    isUnderLoad: true,
    leave: (cluster, role) => refilled(cluster, role),
    by: 'snapshot',
    isTarget: true,
  }),
  returningRow({
    name: 'restart-long-log',
    title: 'restart of a participant with a snapshot and most of what a log may grow to',
    isUnderLoad: false,
    prepare: growLog,
    leave: (cluster, role) => restarted(cluster, role),
    by: 'log',
    isTarget: false,
  }),
];

async function measureReturns(bench: Bench, returning: Returning): Promise<Figure[]> {
  const { scale } = bench;
  const many = await bench.systems.manyKeys();
  const { ours, keys } = many;
  await returning.prepare?.(bench, many);
  const { cluster } = ours;
  const seconds: number[] = [];
  let longestWaitMs = 0;
  const repeats = returning.isTarget ? scale.repeats : scale.pairs;
  for (let count = 0; count < repeats; count += 1) {
    const stopWriting = returning.isUnderLoad ? await beginWriting(bench, ours.port, keys) : null;
    const role = cluster.participant(1 + (count % cluster.participants.length));
    const result = await returning.leave(cluster, role, scale.outageSeconds);
    if (result.by !== returning.by) throw new Error(`it came back by ${result.by}`);
    seconds.push(result.seconds);
    const report = await stopWriting?.();
    longestWaitMs = Math.max(longestWaitMs, report?.maxMs ?? 0);
  }
  const { name, title, by } = returning;
  const notes = {
    keys,
    by,
    ...(returning.leave === missedPaused || returning.leave === missedKilled
      ? { outageSeconds: scale.outageSeconds }
      : {}),
    ...(returning.isUnderLoad ? { longestWaitMs } : {}),
  };
  return [figure({ row: name, title: `${title}, ${keys} keys`, notes }, 'seconds', seconds)];
}
