/** What a session is given that has nothing around it to tell of. */
import type { SessionEnvironment } from '../../src/resp/environment.js';
import { DEFAULT_SESSION_LIMITS } from '../../src/resp/limits.js';

export const QUIET_ENVIRONMENT: SessionEnvironment = {
  role: 'coordinator',
  replyFormat: 'redis',
  requirepass: '',
  limits: DEFAULT_SESSION_LIMITS,
  coordinatorAddress: '',
  info: () => '',
  configEntries: () => [],
  clients: () => [],
  wallClockMicros: () => 0,
  countCommand: () => undefined,
};
