/** What the bench computes from what it measured. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Latencies } from '../../../bench/load/latencies.js';
import { parseCsv } from '../../../bench/load/redis-benchmark.js';
import { typeOfMount } from '../../../bench/measures/file-system.js';
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
