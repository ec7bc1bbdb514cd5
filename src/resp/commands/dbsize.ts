/** DBSIZE: the number of keys, read like any value, so it counts every acknowledged write. */
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { countReply, storeRead } from '../store-calls.js';

function run(context: CommandContext): CommandOutcome {
  return storeRead(context, 'size', countReply);
}

export const dbsize: CommandDefinition = {
  name: 'dbsize',
  arity: 1,
  flags: ['readonly', 'fast'],
  keys: null,
  group: 'server',
  since: '1.0.0',
  syntax: 'DBSIZE',
  summary: 'Return the number of keys',
  introduces: false,
  subcommands: [],
  run,
};
