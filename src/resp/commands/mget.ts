/** MGET: all values as they were at one moment, read from one participant in one step. */
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { unexpected } from '../command.js';
import { array, NULL, value } from '../replies.js';
import { labMissing, storeRead } from '../store-calls.js';

function run(context: CommandContext): CommandOutcome {
  const missing = context.format === 'lab' ? labMissing('word') : NULL;
  return storeRead(context, 'get', (reply) => {
    if (reply.type !== 'values') return unexpected(reply);
    return array(reply.values.map((stored) => (stored === null ? missing : value(stored))));
  });
}

export const mget: CommandDefinition = {
  name: 'mget',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'string',
  since: '1.0.0',
  syntax: 'MGET key [key ...]',
  summary: 'Get the values of several keys at one moment',
  introduces: false,
  subcommands: [],
  run,
};
