/** A machine that is the same wherever the tests run. */
import { posix } from 'node:path';
import { type Config, loadConfigText } from '../../../src/config/config.js';
import { ConfigError } from '../../../src/config/config-error.js';
import type { MachineFacts } from '../../../src/config/machine-facts.js';
import { GB } from '../../../src/config/values.js';

export const FACTS: MachineFacts = {
  memoryBytes: 8 * GB,
  heapLimitBytes: 4 * GB,
  resolveBeside: (fileName, path) => posix.resolve(posix.dirname(fileName), path),
};

export const FILE = '/etc/kv/node.conf';

export const COURSE_COORDINATOR = [
  'mode coordinator',
  'coordinator_info 127.0.0.1:8001',
  'participant_info 127.0.0.1:8002',
  'participant_info 127.0.0.1:8003',
];

export function load(...lines: string[]): Config {
  return loadConfigText(lines.join('\n'), FILE, FACTS);
}

/** The message of the refusal, without the file's name. */
export function refusal(...lines: string[]): string {
  try {
    load(...lines);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replace(FILE, '');
    throw error;
  }
  throw new Error('the configuration was accepted');
}
