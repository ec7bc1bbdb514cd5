/** Feeds bytes to a request reader in the ways a network may cut them, and tells what was read. */
import { RequestReader } from '../../../src/resp/request-reader.js';
import type { ReaderLimits } from '../../../src/resp/limits.js';

export const TEST_READER_LIMITS: ReaderLimits = {
  maxBulkBytes: 536_870_912,
  maxKeptArgs: 1_048_576,
  maxKeptBulkBytes: 536_870_912,
  maxKeptRequestBytes: 1_073_741_824,
  inline: true,
};

/** Whole requests as their arguments in latin1, a violation as `!text`, an excess as `>what`. */
export type Read = readonly string[] | string;

export interface ReadOptions {
  readonly limits?: Partial<ReaderLimits>;
  readonly restricted?: boolean;
}

export function readChunks(chunks: readonly Buffer[], options: ReadOptions = {}): Read[] {
  const reader = new RequestReader({ ...TEST_READER_LIMITS, ...options.limits });
  reader.restrict(options.restricted ?? false);
  const results: Read[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== null; next = reader.next()) {
      if (next.type === 'violation') results.push(`!${next.text}`);
      else if (next.excess !== null) results.push(`>${next.excess}`);
      else results.push(next.args.from(0).map((arg) => arg.toString('latin1')));
    }
  }
  return results;
}

export function singleBytes(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

/** The same bytes whole, byte by byte, and cut in two at every place. */
export function everyFragmentation(bytes: Buffer): Buffer[][] {
  const cuts = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, at) => at + 1);
  return [
    [bytes],
    singleBytes(bytes),
    ...cuts.map((cut) => [bytes.subarray(0, cut), bytes.subarray(cut)]),
  ];
}
