/** redis-benchmark as a load generator: SET and GET only, so many requests. */
import { run } from '../../tests/helpers/run-program.js';

export interface BenchmarkSpec {
  readonly port: number;
  readonly test: 'set' | 'get';
  readonly connections: number;
  readonly pipeline: number;
  readonly keys: number;
  readonly valueBytes: number;
}

export interface BenchmarkReport {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const TIMEOUT_MS = 300_000;

/** `"SET","12345.67","0.4",…`; before version 6.2 there were only the first two columns. */
export function parseCsv(output: string, test: string): BenchmarkReport {
  const row = output.split('\n').find((line) => line.toLowerCase().startsWith(`"${test}"`));
  if (row === undefined) throw new Error(`redis-benchmark printed no result: ${output}`);
  const cells = row.split(',').map((cell) => Number(cell.replaceAll('"', '')));
  const cell = (index: number): number => cells[index] ?? NaN;
  return { requestsPerSecond: cell(1), p50Ms: cell(4), p99Ms: cell(6) };
}

export async function redisBenchmark(
  spec: BenchmarkSpec,
  requests: number,
): Promise<BenchmarkReport> {
  const { port, test, connections, pipeline, keys, valueBytes } = spec;
  const words =
    `-p ${port} -c ${connections} -n ${requests} -d ${valueBytes} -r ${keys} ` +
    `-P ${pipeline} -t ${test} --csv`;
  const result = await run('redis-benchmark', words.split(' '), { timeoutMs: TIMEOUT_MS });
  if (result.code !== 0) {
    throw new Error(`redis-benchmark failed: ${result.stdout}${result.stderr}`);
  }
  return parseCsv(result.stdout, test);
}
