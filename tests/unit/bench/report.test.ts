/** What the bench writes: targets, charts, and the README's summary. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseBenchArguments } from '../../../bench/arguments.js';
import { comparison, type Figure, figure } from '../../../bench/figure.js';
import { niceTicks, powerTicks, scaleFor } from '../../../bench/report/chart-scale.js';
import { charts } from '../../../bench/report/charts.js';
import { keptFigures, keptTargets } from '../../../bench/report/kept-summary.js';
import { figuresMarkdown, targetsMarkdown } from '../../../bench/report/markdown.js';
import { readable, short } from '../../../bench/report/numbers.js';
import type { Result } from '../../../bench/report/result.js';
import { ALL_ROWS } from '../../../bench/rows/all-rows.js';
import { targetResults } from '../../../bench/targets.js';
import { PROJECT_ROOT } from '../../helpers/project-root.js';

const PEER = 'redis-server alone, appendfsync always';

function figures(): Figure[] {
  const point = (x: number) => ({ axis: 'participants', x, series: 'SET' });
  return [
    comparison({ row: 'set-50', title: 'SET, 50 clients' }, 'requests/s', [390, 410, 400], {
      label: PEER,
      values: [1000, 1000, 1000],
    }),
    figure({ row: 'restart', title: 'restart' }, 'seconds', [2.5]),
    ...[1, 5].map((x) => {
      const name = { row: `set-participants-${x}`, title: `SET <${x}>`, point: point(x) };
      return figure(name, 'µs of processor a request', [x * 40]);
    }),
  ];
}

function result(): Result {
  return {
    at: '2026-01-02T03:04:05.000Z',
    kind: 'full',
    minutes: 30,
    machine: {
      commit: '0123abc',
      cpu: 'A processor',
      processors: 2,
      memoryBytes: 8 * 2 ** 30,
      node: 'v20.19.0',
      system: 'linux',
      redis: 'redis-server 7.0.15',
      fileSystem: 'ext4',
      sync: { p50Ms: 0.2, p99Ms: 0.6 },
      memoryReadNs: 80.4,
    },
    figures: figures(),
    targets: targetResults(figures()),
    skipped: [{ row: 'get-50', why: 'redis-benchmark not installed' }],
    failed: ['op-del'],
  };
}

describe('targets', () => {
  const reached = (what: RegExp): boolean | null | undefined =>
    targetResults(figures()).find((target) => what.test(target.what))?.isReached;

  it('are reached at their bound, missed beyond it, and open when nothing was measured', () => {
    expect(reached(/^SET, 50 clients, against Redis alone/)).to.equal(true);
    expect(reached(/^restart of a participant/)).to.equal(false);
    expect(reached(/^GET, 50 clients, against/)).to.equal(null);
  });

  it('divide one row by another where they compare two of ours', () => {
    expect(reached(/5 participants against 1/)).to.equal(false);
  });
});

describe('the summary', () => {
  it('has the machine, the date, each target, and what was skipped', () => {
    const [targets, all] = [targetsMarkdown(result()), figuresMarkdown(result())];
    for (const text of [targets, all]) {
      expect(text).to.include('2026-01-02');
      expect(text).to.include('2 processors (A processor), 8 GiB at 80 ns a read, Node 20.19.0');
    }
    expect(targets).to.include('| at least 0.4 × | 0.40 × (0.39 to 0.41) | yes |');
    expect(targets).to.include('of commit 0123abc:');
    expect(all).to.include('get-50: skipped, redis-benchmark not installed.');
    expect(all).to.include('op-del: failed.');
    expect(all).to.include(
      `| SET, 50 clients | requests/s | 400 (390..410) | 1,000 (1,000..1,000), ${PEER} | 0.400 (0.390..0.410) |`,
    );
  });

  it('is in README and docs as the kept result has it (`npm run docs` refreshes it)', () => {
    for (const [name, kept] of [
      ['README.md', keptTargets()],
      ['docs/BENCHMARKS.md', keptFigures()],
    ] as const) {
      const text = readFileSync(join(PROJECT_ROOT, name), 'utf8');
      const shown = /<!-- bench -->\n([^]*?)\n<!-- \/bench -->/.exec(text)?.[1];
      expect(shown, name).to.equal(kept.trim());
    }
  });
});

describe('a chart', () => {
  it('is drawn of an axis with more than one place, with its labels and without raw marks', () => {
    const drawn = charts(result());
    expect(drawn.map(({ name }) => name)).to.deep.equal(['participants-processor']);
    const svg = drawn[0]?.svg ?? '';
    expect(svg).to.match(/^<svg [^>]*>[^]*<\/svg>\n$/);
    expect(svg).to.include('time of all processes a request (µs)');
    expect(svg.match(/<circle /g)).to.have.length(2);
    expect(svg).not.to.include('NaN');
  });

  it('has powers of ten to its left where it spans them, and draws nothing at the lowest', () => {
    const point = (x: number) => ({ axis: 'rate', x, series: 'SET' });
    const slowest = [0, 0.5, 90].map((ms, x) =>
      figure({ row: `set-rate-${x}-wait`, title: 'SET', point: point(x) }, 'p99.9 ms', [ms]),
    );
    const drawn = charts({ ...result(), figures: slowest });
    expect(drawn.map(({ name }) => name)).to.deep.equal(['rate-latency-tail']);
    const svg = drawn[0]?.svg ?? '';
    const marks = [...svg.matchAll(/text-anchor="end"[^>]*>([^<]*)</g)].map(([, mark]) => mark);
    expect(marks).to.deep.equal(['0.1', '1', '10', '100']);
    expect(svg).not.to.match(/NaN|Infinity/);
  });

  it('has round marks from zero to beyond the highest value', () => {
    expect(niceTicks(87, 5)).to.deep.equal([0, 20, 40, 60, 80, 100]);
    expect(niceTicks(0, 5)).to.deep.equal([0]);
    expect(powerTicks(0.2, 101)).to.deep.equal([0.1, 1, 10, 100, 1000]);
    expect(powerTicks(1, 1)).to.deep.equal([1, 10]);
  });

  it('places values between its ends, by their logarithm if so wanted', () => {
    const ends = { from: 1, to: 100, low: 0, high: 10 };
    expect(scaleFor({ ...ends, isLog: true })(10)).to.be.closeTo(5, 1e-9);
    expect(scaleFor({ ...ends, isLog: false })(100)).to.equal(10);
  });
});

describe('numbers for people', () => {
  it('have three digits that mean something', () => {
    expect([0, 0.1234, 1, 12.34, 1234.5, NaN].map(readable)).to.deep.equal([
      ...['0.00', '0.123', '1.00', '12.3'],
      ...['1,235', '-'],
    ]);
    expect([0, 950, 1000, 25_000, 2_000_000].map(short)).to.deep.equal([
      ...['0', '950', '1 k', '25 k'],
      '2 M',
    ]);
  });
});

describe('the words of the bench', () => {
  it('choose rows, scale and folder', () => {
    expect(parseBenchArguments(['--only', 'a,b', '--quick', '--folder', '/x'])).to.deep.equal({
      isQuick: true,
      chosen: ['a', 'b'],
      folder: '/x',
      isList: false,
      isHelp: false,
    });
    expect(parseBenchArguments(['--help']).isHelp).to.equal(true);
  });

  it('are refused where nobody knows them, or where one is missing', () => {
    expect(() => parseBenchArguments(['--fast'])).to.throw('--fast is not understood');
    expect(() => parseBenchArguments(['--only'])).to.throw('--only needs a value');
  });

  it('name each row once', () => {
    const names = ALL_ROWS.map(({ name }) => name);
    expect(names).to.have.length(new Set(names).size);
  });
});
