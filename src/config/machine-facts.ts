/**
 * What a configuration needs to know of the machine it is read on. Handed in, so that reading a
 * configuration stays a function of its arguments.
 */
import { GB, MB } from './values.js';

export interface MachineFacts {
  /** Of the machine, or of the container where that is less. */
  readonly memoryBytes: number;
  /** How far the JavaScript heap may grow. */
  readonly heapLimitBytes: number;
  /** `path` as an absolute path, seen from the folder that holds `fileName`. */
  resolveBeside(fileName: string, path: string): string;
}

const LEAST_BYTES = 64 * MB;
const MOST_BYTES = 64 * GB;

/**
 * A quarter of the memory, since four processes of one cluster often share a machine. And no more
 * than three quarters of the heap's limit: hardly anything of most pairs lies in the heap, but long
 * keys do, and there may be nothing else.
 */
export function defaultMaxMemoryBytes(facts: MachineFacts): number {
  const share = Math.min(0.75 * facts.heapLimitBytes, facts.memoryBytes / 4, MOST_BYTES);
  return Math.max(LEAST_BYTES, Math.floor(share / MB) * MB);
}
