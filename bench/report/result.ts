/** A run with everything that a reader of its figures has to know, as it is written to a file. */
import { cpus, release, totalmem } from 'node:os';
import type { Figure } from '../figure.js';
import type { SyncTimes } from '../measures/sync-probe.js';
import type { TargetResult } from '../targets.js';

export interface Machine {
  /** Of the program that was measured; with `-dirty` if it differs from what was committed. */
  readonly commit: string;
  readonly cpu: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly node: string;
  readonly system: string;
  readonly redis: string;
  readonly fileSystem: string;
  /** One fdatasync of a small append. */
  readonly sync: SyncTimes;
  /** One read at random in more than a core's own cache holds. */
  readonly memoryReadNs: number;
}

export interface Result {
  readonly at: string;
  readonly kind: 'full' | 'quick' | 'chosen rows';
  readonly minutes: number;
  readonly machine: Machine;
  readonly figures: readonly Figure[];
  readonly targets: readonly TargetResult[];
  readonly skipped: readonly { readonly row: string; readonly why: string }[];
  readonly failed: readonly string[];
}

type Found = Pick<Machine, 'commit' | 'redis' | 'fileSystem' | 'sync' | 'memoryReadNs'>;

export function describeMachine(facts: Found): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    processors: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    system: `${process.platform} ${release()}`,
    ...facts,
  };
}

const BYTES_PER_GIB = 2 ** 30;

export function machineSentence(machine: Machine): string {
  const { cpu, processors, memoryBytes, node, redis, fileSystem, sync, memoryReadNs } = machine;
  const gib = Math.round(memoryBytes / BYTES_PER_GIB);
  const memory = `${gib} GiB at ${Math.round(memoryReadNs)} ns a read`;
  return (
    `${processors} processors (${cpu}), ${memory}, Node ${node.slice(1)}, ${redis}, ` +
    `${fileSystem} with one fdatasync at ${sync.p50Ms.toFixed(2)} ms (p50), ` +
    `${sync.p99Ms.toFixed(2)} ms (p99)`
  );
}
