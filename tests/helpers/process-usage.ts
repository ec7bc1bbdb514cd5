/** What a process holds at this moment, as the kernel counts it: its memory and its open files. */
import { readdirSync, readFileSync } from 'node:fs';

const KIB = 1024;

export interface ProcessUsage {
  /** Pages in memory, also those of garbage that is not collected yet. */
  readonly residentBytes: number;
  /** Connections among them. */
  readonly openFiles: number;
}

export function usageOf(pid: number): ProcessUsage {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  if (found === null) throw new Error(`the kernel tells no memory of process ${pid}`);
  return {
    residentBytes: Number(found[1]) * KIB,
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
  };
}
