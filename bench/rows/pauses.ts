/**
 * How long the event loops of all processes stand still while the store grows, snapshots are
 * written, a participant loads what it has stored, and one is brought up to date.
 *
 * Each figure is that of the worst process. With fewer processors than processes they wait for each
 * other: what is a process's own fault, and the collector's, is told apart. The first half second
 * of a process is left out.
 */
import type { RoleProcess } from '../../tests/helpers/role-process.js';
import { figure, type Figure, type Measure } from '../figure.js';
import { BASE_LOAD, type LoadReport } from '../load/load-spec.js';
import type { PauseReport } from '../measures/pause-log.js';
import { askProbe, withProbe } from '../measures/probes.js';
import { readable } from '../report/numbers.js';
import type { Bench, Row } from '../row.js';
import { MANY_KEYS_VALUE_BYTES } from '../systems/many-keys.js';
import { OurCluster } from '../systems/our-cluster.js';
import { fill } from '../systems/system.js';
import { missedKilled, refilled, restarted, type Return } from './comings-and-goings.js';
import { beginWriting } from './writing-meanwhile.js';

/** So that several are written in each phase. */
const SNAPSHOT_OFTEN = { snapshot_after_bytes: '16mb' };
const MS_PER_SECOND = 1000;
const PROBED = withProbe('pause-probe');

export const PAUSES_ROW: Row = {
  name: 'pauses',
  title: 'pauses of the event loops, worst of all processes',
  tools: [],
  uses: [],
  isQuick: false,
  measure: measurePauses,
};

interface Phase {
  readonly name: string;
  readonly title: string;
  run(bench: Bench, ours: OurCluster, keys: number): Promise<Return | LoadReport>;
}

const PHASES: readonly Phase[] = [
  {
    name: 'growth',
    title: 'the store grows from nothing, at full load',
    run: ({ generator }, { port }, keys) => fill(generator, port, keys, MANY_KEYS_VALUE_BYTES),
  },
  {
    name: 'snapshots',
    title: 'snapshots are written, at full load',
    run: ({ generator, scale }, { port }, keys) =>
      generator.run({
        ...BASE_LOAD,
        port,
        keys,
        valueBytes: MANY_KEYS_VALUE_BYTES,
        seconds: scale.snapshotSeconds,
      }),
  },
  {
    name: 'restart',
    title: 'a participant loads its store, 2,000 writes a second',
    run: (bench, ours, keys) =>
      underWrites(bench, ours, keys, () =>
        restarted(ours.cluster, ours.cluster.participant(1), PROBED),
      ),
  },
  {
    name: 'delta',
    title: 'a participant gets what it missed, 2,000 writes a second',
    run: (bench, ours, keys) =>
      underWrites(bench, ours, keys, () => {
        const { outageSeconds } = bench.scale;
        return missedKilled(ours.cluster, ours.cluster.participant(2), outageSeconds, PROBED);
      }),
  },
  {
    name: 'refill',
    title: 'an empty participant is refilled, 2,000 writes a second',
    run: (bench, ours, keys) =>
      underWrites(bench, ours, keys, () =>
        refilled(ours.cluster, ours.cluster.participant(3), PROBED),
      ),
  },
];

async function underWrites(
  bench: Bench,
  { port }: OurCluster,
  keys: number,
  act: () => Promise<Return>,
): Promise<Return> {
  const stop = await beginWriting(bench, port, keys);
  try {
    return await act();
  } finally {
    await stop();
  }
}

async function measurePauses(bench: Bench): Promise<Figure[]> {
  const { folder, scale } = bench;
  const ours = await OurCluster.start({
    folder,
    settings: { delta_memory: scale.deltaMemory },
    participantSettings: SNAPSHOT_OFTEN,
    start: PROBED,
  });
  const keys = Math.max(scale.manyKeys, ...scale.keyCounts);
  try {
    await reports(ours);
    const figures: Figure[] = [];
    for (const phase of PHASES) {
      bench.say(`  ${phase.title}`);
      const end = await phase.run(bench, ours, keys);
      const how = 'by' in end ? end.by : '';
      figures.push(...phaseFigures(phase, keys, how, await reports(ours)));
    }
    return [...figures, ...worstFigures(figures)];
  } finally {
    await ours.stop();
  }
}

const MEASURES: readonly (readonly [Measure, (report: PauseReport) => number])[] = [
  ['p99.9 ms of its own', ({ own }) => own.p999Ms],
  ['longest ms of its own', ({ own }) => own.maxMs],
  ['p99.9 ms without collections', ({ uncollected }) => uncollected.p999Ms],
  ['longest ms without collections', ({ uncollected }) => uncollected.maxMs],
  ['p99.9 ms', ({ all }) => all.p999Ms],
  ['longest ms', ({ all }) => all.maxMs],
  ['longest collection ms', ({ longestCollectionMs }) => longestCollectionMs],
];

type Reports = ReadonlyMap<RoleProcess, PauseReport>;

async function reports({ cluster }: OurCluster): Promise<Reports> {
  const all = new Map<RoleProcess, PauseReport>();
  for (const role of cluster.roles) {
    all.set(role, (await askProbe(role, 'pause-probe')) as PauseReport);
  }
  return all;
}

function phaseFigures(
  { name, title }: Phase,
  keys: number,
  by: string,
  reports: Reports,
): Figure[] {
  const told = Object.fromEntries(
    [...reports].map(([role, { all, own, longestOwnAt, collectingMs }]) => {
      const delays = [all, own].map(
        ({ p999Ms, maxMs }) => `${readable(p999Ms)}/${readable(maxMs)}`,
      );
      const at = readable(longestOwnAt / MS_PER_SECOND);
      const collections = `${readable(collectingMs)} ms of collections`;
      return [role.name, `${delays.join(', own ')} at ${at} s of its life, ${collections}`];
    }),
  );
  const notes = by === '' ? told : { by, ...told };
  const named = { row: `pauses-${name}`, title: `pauses while ${title}, ${keys} keys`, notes };
  return MEASURES.map(([measure, of]) =>
    figure(named, measure, [Math.max(...[...reports.values()].map(of))]),
  );
}

/** Over all phases. */
function worstFigures(figures: readonly Figure[]): Figure[] {
  const { name: row, title } = PAUSES_ROW;
  return MEASURES.map(([measure]) => {
    const values = figures.filter((one) => one.measure === measure).map(({ ours }) => ours.max);
    return figure({ row, title }, measure, [Math.max(...values)]);
  });
}
