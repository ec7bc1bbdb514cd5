/** What the kernel has counted for processes: processor time, and bytes that went to the disk. */
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const USER_TICKS_FIELD = 11;

/** All threads of these processes together, in seconds, in steps of 10 ms each. */
export function processorSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const { user, system } = processorTimes(pid);
    return sum + user + system;
  }, 0);
}

/** In seconds; `system` is the kernel's part. */
export function processorTimes(pid: number): { readonly user: number; readonly system: number } {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in brackets may hold spaces; behind it there are only numbers.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (field: number): number => Number(fields[field]) / TICKS_PER_SECOND;
  return { user: seconds(USER_TICKS_FIELD), system: seconds(USER_TICKS_FIELD + 1) };
}

/** Bytes that these processes caused to be written to the disk, counted in pages. */
export function diskBytesWritten(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + writtenBy(pid), 0);
}

function writtenBy(pid: number): number {
  const found = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'));
  return Number(found?.[1]);
}
