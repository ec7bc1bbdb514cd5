/** The kinds of faults that a seed may draw; `faults.ts` says what each does. */
export const DISK_FAULTS = ['failWrite', 'failSync', 'fillDisk', 'slowDisk'] as const;

export const CRASH_FAULTS = [
  'crashParticipant',
  'crashCoordinator',
  'crashAtEffect',
  'crashStarting',
  'crashAll',
  'killThenPowerCut',
] as const;

export const FAULT_NAMES = [
  ...CRASH_FAULTS,
  ...DISK_FAULTS,
  'pauseParticipant',
  'pauseCoordinator',
  'jumpClock',
  'resetConnections',
  'cutPath',
  'cutBoth',
  'isolate',
  'swizzle',
  'clogPath',
  'clientsLeave',
  'wipeParticipant',
  'wipeInTurn',
  'restoreParticipant',
  'rotLog',
  'tearLog',
  'tearAndForget',
  'flipMemory',
  'wipeCoordinator',
  'restoreCoordinator',
  'secondCoordinator',
  'changeConfiguration',
] as const;

export type FaultName = (typeof FAULT_NAMES)[number];
