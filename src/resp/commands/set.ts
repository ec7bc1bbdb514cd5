/**
 * SET. In format `lab` every word after the key belongs to the value, joined by single spaces; in
 * format `redis` further words are options, of which none is understood yet.
 */
import { KeptArguments } from '../arguments.js';
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { answer } from '../command.js';
import { SYNTAX_ERROR } from '../error-replies.js';
import { storePairs } from '../store-calls.js';

const SPACE = Buffer.from(' ');

function run(context: CommandContext): CommandOutcome {
  const { args } = context;
  if (args.length === 3) return storePairs(context);
  if (context.format === 'redis') return answer(SYNTAX_ERROR);
  const words = args.from(2).flatMap((word, index) => (index === 0 ? [word] : [SPACE, word]));
  const value = Buffer.concat(words);
  return storePairs(context, new KeptArguments([args.bytes(0), args.bytes(1), value]));
}

export const set: CommandDefinition = {
  name: 'set',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  syntax: 'SET key value',
  summary: 'Set the value of a key',
  introduces: false,
  subcommands: [],
  run,
};
