/** EXISTS: counts the keys that are there; a key named twice counts twice, as in Redis. */
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { countReply, storeRead } from '../store-calls.js';

function run(context: CommandContext): CommandOutcome {
  return storeRead(context, 'exists', countReply);
}

export const exists: CommandDefinition = {
  name: 'exists',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'generic',
  since: '1.0.0',
  syntax: 'EXISTS key [key ...]',
  summary: 'Count the keys that exist',
  introduces: false,
  subcommands: [],
  run,
};
