/** Settings of a coordinator under test; its times are those that a configuration file may omit. */
import { LATE_COMPANION_COMMANDS } from '../../src/base/limits.js';
import type { CoordinatorSettings } from '../../src/coordinator/core.js';

export const COORDINATOR_SETTINGS: Omit<CoordinatorSettings, 'ownAddress' | 'participants'> = {
  clusterSecret: '',
  heartbeatIntervalMs: 200,
  failureTimeoutMs: 1000,
  requestTimeoutMs: 2200,
  recoveryWaitMs: 1500,
  minParticipants: 1,
  maxMemoryBytes: 1e9,
  maxKeys: 1e6,
  maxQueuedRequests: 10_000,
  companionCommands: 1,
  lateCompanionCommands: LATE_COMPANION_COMMANDS,
  companionReads: 1,
  forcedView: '',
  forcedAt: 0,
};
