/** MSET: all its keys change in one transaction, or none does. */
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { answer } from '../command.js';
import { wrongArity } from '../error-replies.js';
import { storePairs } from '../store-calls.js';

function run(context: CommandContext): CommandOutcome {
  return context.args.length % 2 === 1 ? storePairs(context) : answer(wrongArity('mset'));
}

export const mset: CommandDefinition = {
  name: 'mset',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 2 },
  group: 'string',
  since: '1.0.1',
  syntax: 'MSET key value [key value ...]',
  summary: 'Set several keys in one atomic transaction',
  introduces: false,
  subcommands: [],
  run,
};
