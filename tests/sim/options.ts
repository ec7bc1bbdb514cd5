/**
 * What a seed stands for: the shape of a cluster, its workload, and the plan of its faults, all
 * drawn at once, so that a run can be repeated with some of the faults or clients left out.
 */
import { COMPANION_COMMANDS, LATE_COMPANION_COMMANDS } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { WorkloadProfile } from './client.js';
import {
  DISK_FAULTS,
  DRAWN_FAULTS,
  type FaultName,
  FOLDER_FAULTS,
  MOMENT_FAULTS,
  ONLY_COPY_FAULTS,
  UPLOAD_FAULTS,
} from './fault-names.js';
import type { WireProfile } from './wire.js';

export interface LogProfile {
  readonly segmentBytes: number;
  readonly segmentRecords: number;
  readonly checkpointAfter: { readonly bytes: number; readonly records: number };
  readonly deltaMemoryBytes: number;
}

export interface PlannedFault {
  /** Milliseconds after the first request. */
  readonly at: number;
  readonly name: FaultName;
  /** What the fault draws from. */
  readonly seed: number;
}

export interface SimOptions {
  readonly seed: number;
  readonly participants: number;
  readonly clients: number;
  readonly minParticipants: number;
  readonly syncMs: number;
  /** As the coordinator's setting; plans of before it was one mean 1. */
  readonly companionCommands?: number;
  /** Likewise; plans of before it was one mean as many as in a program that serves. */
  readonly lateCompanionCommands?: number;
  readonly scrubIntervalMs: number;
  readonly wire: WireProfile;
  readonly log: LogProfile;
  readonly workload: WorkloadProfile;
  readonly faults: readonly PlannedFault[];
}

/** What is left out of a seed's plan, to find out what it takes to fail. */
export interface Reduction {
  /** Indexes of faults that do not happen. */
  readonly without?: readonly number[];
  readonly clients?: number;
}

const MIN_CLIENTS = 3;
const OPERATIONS = 100;
/** They wait for another participant that holds everything. */
const NEED_ANOTHER: readonly FaultName[] = [...FOLDER_FAULTS, 'lastOneStanding'];
/** Those that come in several kinds twice as often. */
const OF_ONLY_COPY: readonly FaultName[] = [...ONLY_COPY_FAULTS, 'rotOnlyCopy', 'restoreOnlyCopy'];
const OF_MOMENTS: readonly FaultName[] = MOMENT_FAULTS;
/** Of the seeds with several participants. */
const OVERRIDE_SHARE = 0.25;
/** Faults come while clients are at work. */
const FAULT_SPAN_MS = 4000;

export function drawOptions(seed: number, reduction: Reduction = {}): SimOptions {
  const prng = new Prng(seed);
  const participants = pick(prng, [1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 5]);
  const clients = MIN_CLIENTS + (prng.chance(0.2) ? 1 + prng.below(2) : 0);
  const isShort = prng.chance(0.5);
  const isScrubbed = participants > 1 && prng.chance(0.15);
  const isPatient = prng.chance(0.3);
  const drawn: SimOptions = {
    seed,
    participants,
    clients,
    minParticipants: prng.chance(0.25) ? Math.min(2, participants) : 1,
    syncMs: pick(prng, [0.2, 0.2, 1, 8]),
    scrubIntervalMs: isScrubbed ? 4 : 1e9,
    wire: { minDelayMs: 0.05, maxDelayMs: pick(prng, [0.5, 2, 30]) },
    log: {
      segmentBytes: pick(prng, [2_000, 20_000, 1 << 20]),
      segmentRecords: pick(prng, [20, 200, 10_000]),
      checkpointAfter: { bytes: Infinity, records: isShort ? 30 + prng.below(100) : Infinity },
      deltaMemoryBytes: pick(prng, [1, 2_000, 1 << 20]),
    },
    workload: {
      keys: 1 + prng.below(8),
      pairs: prng.below(3),
      pipeline: 1 + prng.below(5),
      operations: OPERATIONS,
      meanPauseMs: isPatient ? 25 + prng.below(35) : 10 + prng.below(25),
      largeValueChance: prng.chance(0.04) ? 0.02 : 0,
      delayMs: 0.5,
      halfChance: 0,
    },
    faults: drawFaults(prng, { isAlone: participants === 1, isScrubbed, isPatient }),
  };
  const companionCommands = pick(prng, [1, 1, 3, COMPANION_COMMANDS]);
  const halfChance = pick(prng, [0, 0.7]);
  const isLarge = halfChance > 0 && drawn.workload.pairs > 0 && prng.chance(0.1);
  const largeValueChance = isLarge ? 0.05 : drawn.workload.largeValueChance;
  const workload = { ...drawn.workload, halfChance, largeValueChance };
  const more = [
    ...(largeValueChance > 0 ? drawUploadFaults(prng) : []),
    ...(participants === 1 && prng.chance(0.9) ? [planned(prng, pick(prng, OF_ONLY_COPY))] : []),
    ...(participants > 1 && prng.chance(OVERRIDE_SHARE) ? [planned(prng, 'forceView')] : []),
  ];
  const faults = [...drawn.faults, ...more].sort((a, b) => a.at - b.at);
  const lateCompanionCommands = pick(prng, [2, LATE_COMPANION_COMMANDS]);
  const companions = { companionCommands, lateCompanionCommands };
  return reduced({ ...drawn, ...companions, workload, faults }, reduction);
}

/** Drawn last, so that older seeds keep the rest of their plans. */
function drawUploadFaults(prng: Prng): PlannedFault[] {
  return UPLOAD_FAULTS.filter(() => prng.chance(0.5)).map((name) => planned(prng, name));
}

function planned(prng: Prng, name: FaultName): PlannedFault {
  return { at: prng.below(FAULT_SPAN_MS), name, seed: prng.next() };
}

interface Kind {
  /** There is one participant. */
  readonly isAlone: boolean;
  readonly isScrubbed: boolean;
  readonly isPatient: boolean;
}

/**
 * Swarm: each seed knows some kinds of faults only, so that rare ones meet each other. Patient
 * seeds work longer, and wait for the moments that matter.
 */
function drawFaults(prng: Prng, { isAlone, isScrubbed, isPatient }: Kind): PlannedFault[] {
  const share = pick(prng, [0.15, 0.3, 0.6]);
  const enabled = DRAWN_FAULTS.filter((name) => {
    const isDrawn = prng.chance(isPatient ? share / 3 : share);
    if (name === 'flipMemory') return isScrubbed;
    if (isAlone && NEED_ANOTHER.includes(name)) return false;
    return isDrawn || (isPatient && OF_MOMENTS.includes(name));
  });
  const count = prng.chance(0.15) ? prng.below(4) : 5 + prng.below(8);
  const faults: PlannedFault[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = enabled[prng.below(Math.max(1, enabled.length))] ?? pick(prng, DISK_FAULTS);
    faults.push(planned(prng, name));
  }
  return faults;
}

/** The plan without what is left out. */
export function reduced(options: SimOptions, { without = [], clients }: Reduction): SimOptions {
  return {
    ...options,
    clients: clients ?? options.clients,
    faults: options.faults.filter((_fault, index) => !without.includes(index)),
  };
}

function pick<T>(prng: Prng, choices: readonly T[]): T {
  const found = choices[prng.below(choices.length)];
  if (found === undefined) throw new Error('there is something to choose from');
  return found;
}
