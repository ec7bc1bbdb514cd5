/** The kinds of faults that a seed may draw; `faults.ts` says what each does. */
export const DISK_FAULTS = [
  'failWrite',
  'failSync',
  'failCreate',
  'failRename',
  'failTruncate',
  'fillDisk',
  'slowDisk',
] as const;

export const CRASH_FAULTS = [
  'crashParticipant',
  'crashCoordinator',
  'crashAtEffect',
  'crashStarting',
  'crashAll',
  'killThenPowerCut',
] as const;

export const PROCESS_FAULTS = ['pauseParticipant', 'pauseCoordinator', 'jumpClock'] as const;

export const NETWORK_FAULTS = [
  'resetConnections',
  'cutPath',
  'cutBoth',
  'isolate',
  'swizzle',
  'clogPath',
  'clientsLeave',
] as const;

export const FOLDER_FAULTS = [
  'wipeParticipant',
  'wipeInTurn',
  'restoreParticipant',
  'rotLog',
  'tearLog',
  'tearAndForget',
  'flipMemory',
] as const;

export const OPERATOR_FAULTS = [
  'wipeCoordinator',
  'restoreCoordinator',
  'rotCoordinator',
  'secondCoordinator',
  'secondOfOtherList',
  'changeConfiguration',
] as const;

/** Only where there is one participant: a refusal is the right answer then. */
export const ONLY_COPY_FAULTS = ['rotOnlyCopy', 'loseOnlyCopy', 'restoreOnlyCopy'] as const;

/** Several things that go wrong one after the other, each at a moment that matters. */
export const MOMENT_FAULTS = [
  'crashAtMoment',
  'forgetAtMoment',
  'cutAtMoment',
  'rivals',
  'lastOneStanding',
] as const;

/** Only where values are large. */
export const UPLOAD_FAULTS = ['stallUpload'] as const;

/** Only where there are several participants. */
export const OVERRIDE_FAULTS = ['forceView'] as const;

/** In an order that seeds depend on. */
export const DRAWN_FAULTS = [
  ...CRASH_FAULTS,
  ...DISK_FAULTS,
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...FOLDER_FAULTS,
  ...OPERATOR_FAULTS,
  ...MOMENT_FAULTS,
] as const;

export const FAULT_NAMES = [
  ...DRAWN_FAULTS,
  ...ONLY_COPY_FAULTS,
  ...UPLOAD_FAULTS,
  ...OVERRIDE_FAULTS,
] as const;

export type FaultName = (typeof FAULT_NAMES)[number];
/** For each of a group of faults what it does; it says what it did. */
export type FaultsOf<Names extends readonly FaultName[]> = Readonly<
  Record<Names[number], () => string>
>;

/** What a fault says that would take away the last good copy. */
export const NOT_NOW = 'not now';
