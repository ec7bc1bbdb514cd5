/** PING: answers PONG, or what it was given. */
import { answer, type CommandContext, type CommandDefinition } from '../command.js';
import type { CommandOutcome } from '../command.js';
import { wrongArity } from '../error-replies.js';
import { bulk, simple } from '../replies.js';

const PONG = answer(simple('PONG'));

function run({ args }: CommandContext): CommandOutcome {
  if (args.length > 2) return answer(wrongArity('ping'));
  return args.length < 2 ? PONG : answer(bulk(args.bytes(1)));
}

export const ping: CommandDefinition = {
  name: 'ping',
  arity: -1,
  flags: ['fast', 'loading', 'stale'],
  keys: null,
  group: 'connection',
  since: '1.0.0',
  syntax: 'PING [message]',
  summary: 'Answer PONG, or the message',
  introduces: true,
  subcommands: [],
  run,
};
