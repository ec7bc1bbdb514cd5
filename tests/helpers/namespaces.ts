/** Runs programs in Linux namespaces of their own, as far as this machine lets us. */
import { spawnSync } from 'node:child_process';
import type Mocha from 'mocha';
import { needsThat } from './tools.js';

/** Root may do it directly; others as root of a user namespace of their own. */
const VARIANTS = [[], ['--map-root-user']];

/**
 * The words that go before a command to run it with these options of unshare(1). Skips the test, or
 * fails it where tools are required, if the probe cannot be run that way.
 */
export function unshareCommand(
  options: readonly string[],
  probe: readonly string[],
  context: Mocha.Context,
): string[] {
  const commands = VARIANTS.map((variant) => ['unshare', ...variant, ...options]);
  const found = commands.find(([program = '', ...words]) => {
    return spawnSync(program, [...words, ...probe]).status === 0;
  });
  needsThat(found !== undefined, `unshare ${options.join(' ')} is not possible here`, context);
  return found ?? [];
}
