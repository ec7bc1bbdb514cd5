/**
 * The named points at which a process can be made to kill itself (`KV_CRASH_POINT=name[:count]`),
 * with what brings the process there. A test holds this list against the names in the code.
 */
export const CRASH_POINT_VARIABLE = 'KV_CRASH_POINT';

export interface CrashPointCase {
  readonly role: 'coordinator' | 'participant';
  readonly point: string;
  readonly reachedBy: 'writes' | 'loss of a participant' | 'start';
}

/** Later visits than the first find more work in flight; a start comes by a view of its own. */
export const COUNTS = { writes: 50, 'loss of a participant': 2, start: 1 } as const;

export const CRASH_POINTS: readonly CrashPointCase[] = [
  { role: 'participant', point: 'participant-prepared', reachedBy: 'writes' },
  { role: 'participant', point: 'participant-voted', reachedBy: 'writes' },
  { role: 'participant', point: 'participant-commit', reachedBy: 'writes' },
  { role: 'coordinator', point: 'coordinator-prepared', reachedBy: 'writes' },
  { role: 'coordinator', point: 'coordinator-deciding', reachedBy: 'writes' },
  { role: 'coordinator', point: 'coordinator-decided', reachedBy: 'writes' },
  { role: 'coordinator', point: 'coordinator-view', reachedBy: 'loss of a participant' },
  { role: 'coordinator', point: 'coordinator-epoch', reachedBy: 'start' },
];
