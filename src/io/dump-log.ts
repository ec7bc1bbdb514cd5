/** Prints the log in a data folder. */
import { StartRefusedError } from './running-role.js';

/** Resolves with the exit code. */
export function dumpLog(_folder: string, _json: boolean): Promise<number> {
  return Promise.reject(new StartRefusedError('not_built', 'logs cannot be printed yet'));
}
