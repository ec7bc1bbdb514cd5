/** The machine this process runs on, as far as a configuration needs to know it. */
import { totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import type { MachineFacts } from '../config/machine-facts.js';

export function machineFacts(): MachineFacts {
  // The limit of the container; 0, or more than there is, where there is none.
  const constrained = process.constrainedMemory();
  return {
    memoryBytes: constrained > 0 ? Math.min(constrained, totalmem()) : totalmem(),
    heapLimitBytes: getHeapStatistics().heap_size_limit,
    resolveBeside: (fileName, path) => resolve(dirname(fileName), path),
  };
}
