/** What the bench computes from what it measured. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Latencies } from '../../../bench/load/latencies.js';
import { parseCsv } from '../../../bench/load/redis-benchmark.js';
import { typeOfMount } from '../../../bench/measures/file-system.js';
import { randomCycle } from '../../../bench/measures/memory-latency.js';
import { PauseLog } from '../../../bench/measures/pause-log.js';
import { selfTimes } from '../../../bench/measures/self-times.js';
import { parseSummary } from '../../../bench/measures/system-calls.js';
import { median, ratioOf, spread } from '../../../bench/measures/spread.js';

describe('latencies', () => {
  it('give percentiles that are at most 1/64 above the exact ones, and never below', () => {
    const samples = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1 });
    fc.assert(
      fc.property(samples, fc.constantFrom(1, 50, 99, 99.9, 100), (micros, percent) => {
        const latencies = new Latencies();
        for (const each of micros) latencies.record(each / 1000);
        const sorted = [...micros].sort((a, b) => a - b);
        const exact = sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? NaN;
        const told = latencies.percentileMs(percent) * 1000;
        expect(told).to.be.within(exact - 0.001, exact + exact / 64 + 0.001);
      }),
    );
  });

  it('have no more than the largest as a percentile, and nothing when they are empty', () => {
    const latencies = new Latencies();
    expect(latencies.percentileMs(99)).to.equal(0);
    latencies.record(100.001);
    expect(latencies.percentileMs(50)).to.equal(100.001);
    expect(latencies.maxMs).to.equal(100.001);
    latencies.clear();
    expect([latencies.count, latencies.maxMs]).to.deep.equal([0, 0]);
  });
});

describe('a spread', () => {
  it('has the middle value, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
    expect(spread([3, 1, 2])).to.deep.include({ median: 2, min: 1, max: 3 });
  });

  it('of a ratio is that of the medians, with the range of the pairs', () => {
    const ratio = ratioOf([10, 20, 60], [10, 10, 20]);
    expect(ratio).to.deep.equal({ median: 2, min: 1, max: 3, values: [1, 2, 3] });
  });
});

describe('the way through memory', () => {
  it('leads through every place before it comes back', () => {
    const next = randomCycle(1000);
    const seen = new Set<number>();
    for (let place = 0; !seen.has(place); place = next[place] ?? NaN) seen.add(place);
    expect(seen.size).to.equal(1000);
    expect([...seen].at(-1)).to.satisfy((last: number) => next[last] === 0);
  });
});

describe('the file system of a folder', () => {
  const mounts = [
    '/dev/a / ext4 rw 0 0',
    'tmpfs /run tmpfs rw 0 0',
    '/dev/b /run/disk xfs rw 0 0',
  ].join('\n');
  it('is that of the longest mount above it', () => {
    expect(typeOfMount(mounts, '/home')).to.equal('ext4');
    expect(typeOfMount(mounts, '/run')).to.equal('tmpfs');
    expect(typeOfMount(mounts, '/runner')).to.equal('ext4');
    expect(typeOfMount(mounts, '/run/disk/data')).to.equal('xfs');
  });
});

describe("redis-benchmark's table", () => {
  const head = '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95","p99","max"';
  it('is read by its columns', () => {
    const report = parseCsv(`${head}\n"SET","1000.5","0.4","0.1","0.3","0.8","0.9","2"\n`, 'set');
    expect(report).to.deep.equal({ requestsPerSecond: 1000.5, p50Ms: 0.3, p99Ms: 0.9 });
  });

  it('without the row that was asked for is an error', () => {
    expect(() => parseCsv(`${head}\n`, 'set')).to.throw('printed no result');
  });
});

describe('pauses of an event loop', () => {
  /** Timers that were on time, one a millisecond. */
  function onTime(log: PauseLog, count: number): void {
    for (let at = 0; at < count; at += 1) log.fired({ from: at, to: at, queuedMs: 0 });
  }

  it('count for all who would have come meanwhile', () => {
    const log = new PauseLog();
    onTime(log, 990);
    log.fired({ from: 1000, to: 1010, queuedMs: 0 });
    const { all } = log.report();
    // 990 without delay, then 10, 9, ... 1 ms: one in a thousand waited for more than 9 ms.
    expect(all.maxMs).to.equal(10);
    expect(all.p999Ms).to.be.within(9, 9.2);
  });

  it('are told without collections and without waiting for a processor, and with them', () => {
    const log = new PauseLog();
    log.fired({ from: 100, to: 150, queuedMs: 10 });
    log.collected({ from: 90, to: 120 });
    log.collected({ from: 140, to: 145 });
    log.collected({ from: 200, to: 260 });
    const { all, own, longestOwnAt, longestCollectionMs, collectingMs } = log.report();
    expect([all.maxMs, own.maxMs, longestOwnAt]).to.deep.equal([50, 25, 100]);
    expect([longestCollectionMs, collectingMs]).to.deep.equal([60, 95]);
  });

  it('take no time away twice, and go to the right one of several', () => {
    const log = new PauseLog();
    log.collected({ from: 0, to: 5 });
    log.fired({ from: 10, to: 13, queuedMs: 0 });
    log.fired({ from: 100, to: 160, queuedMs: 45 });
    log.collected({ from: 105, to: 145 });
    log.fired({ from: 200, to: 207, queuedMs: 0 });
    const { own, uncollected, longestOwnAt } = log.report();
    expect([own.maxMs, uncollected.maxMs, longestOwnAt]).to.deep.equal([15, 20, 100]);
  });

  it('are told once', () => {
    const log = new PauseLog();
    log.fired({ from: 90, to: 91, queuedMs: 0 });
    log.fired({ from: 100, to: 150, queuedMs: 0 });
    log.collected({ from: 100, to: 110 });
    log.report();
    onTime(log, 1);
    const nothing = { p999Ms: 0, maxMs: 0 };
    expect(log.report()).to.deep.equal({
      all: nothing,
      own: nothing,
      uncollected: nothing,
      longestOwnAt: 0,
      longestCollectionMs: 0,
      collectingMs: 0,
    });
  });
});

describe('self times of a profile', () => {
  it('are parts of the busy time, the largest first', () => {
    const node = (id: number, functionName: string, lineNumber: number) => {
      return { id, callFrame: { functionName, lineNumber } };
    };
    const nodes = [node(1, '(idle)', -1), node(2, 'step', 9), node(3, '', 4), node(4, 'step', 9)];
    const profile = { nodes, samples: [1, 2, 3, 4, 1], timeDeltas: [500, 10, 25, 65, 500] };
    expect(selfTimes(profile)).to.deep.equal([
      { name: 'step:10', share: 0.75 },
      { name: 'anonymous:5', share: 0.25 },
    ]);
  });
});

describe('the summary of strace', () => {
  it('tells calls by their names, with and without errors, and not their sum', () => {
    const text = [
      '% time     seconds  usecs/call     calls    errors syscall',
      '------ ----------- ----------- --------- --------- ----------------',
      ' 53.83    0.004241           1      2700        12 futex',
      ' 10.00    0.000100           3        30           fdatasync',
      '------ ----------- ----------- --------- --------- ----------------',
      '100.00    0.007879           2      2730        12 total',
    ].join('\n');
    expect([...parseSummary(text)]).to.deep.equal([
      ['futex', 2700],
      ['fdatasync', 30],
    ]);
  });
});
