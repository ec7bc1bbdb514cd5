/** ECHO: answers its argument byte for byte; `redis-cli --pipe` ends its input with it. */
import { answer, type CommandDefinition } from '../command.js';
import { bulk } from '../replies.js';

export const echo: CommandDefinition = {
  name: 'echo',
  arity: 2,
  flags: ['fast', 'loading', 'stale'],
  keys: null,
  group: 'connection',
  since: '1.0.0',
  syntax: 'ECHO message',
  summary: 'Answer the message',
  introduces: true,
  subcommands: [],
  run: ({ args }) => answer(bulk(args.bytes(1))),
};
