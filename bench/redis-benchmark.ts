/** One measurement with redis-benchmark: its throughput and its latencies. */
import { run } from '../tests/helpers/run-program.js';

export interface Measurement {
  readonly requestsPerSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface Workload {
  readonly test: 'set' | 'get';
  readonly requests: number;
  readonly clients: number;
  readonly pipeline: number;
}

const VALUE_BYTES = 64;
const KEYS = 100_000;
const TIMEOUT_MS = 300_000;

/** `"SET","12345.67","0.4",…`; before version 6.2 there were only the first two columns. */
function parseCsv(output: string, test: string): Measurement {
  const row = output.split('\n').find((line) => line.toLowerCase().startsWith(`"${test}"`));
  if (row === undefined) throw new Error(`redis-benchmark printed no result: ${output}`);
  const cells = row.split(',').map((cell) => Number(cell.replaceAll('"', '')));
  const cell = (index: number): number | null => cells[index] ?? null;
  return { requestsPerSecond: cells[1] ?? 0, p50Ms: cell(4), p99Ms: cell(6) };
}

export async function measure(port: number, workload: Workload): Promise<Measurement> {
  const { test, requests, clients, pipeline } = workload;
  const words =
    `-p ${port} -c ${clients} -n ${requests} -d ${VALUE_BYTES} -r ${KEYS} ` +
    `-P ${pipeline} -t ${test} --csv`;
  const result = await run('redis-benchmark', words.split(' '), { timeoutMs: TIMEOUT_MS });
  if (result.code !== 0) {
    throw new Error(`redis-benchmark failed: ${result.stdout}${result.stderr}`);
  }
  return parseCsv(result.stdout, test);
}
