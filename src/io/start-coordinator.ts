/** Starts the coordinator that a configuration describes. */
import type { Config } from '../config/config.js';
import { type RunningRole, type StartContext, StartRefusedError } from './running-role.js';

export function startCoordinator(_config: Config, _context: StartContext): Promise<RunningRole> {
  return Promise.reject(new StartRefusedError('not_built', 'this role is not built yet'));
}
