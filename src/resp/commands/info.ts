/** INFO: the state of this process for people and monitors; ioredis will not start without it. */
import { answer, type CommandDefinition } from '../command.js';
import { verbatim } from '../replies.js';

export const info: CommandDefinition = {
  name: 'info',
  arity: -1,
  flags: ['loading', 'stale'],
  keys: null,
  group: 'server',
  since: '1.0.0',
  syntax: 'INFO [section [section ...]]',
  summary: 'Tell the state of the server',
  introduces: true,
  subcommands: [],
  run: ({ args, environment }) => answer(verbatim(environment.info(args.wordsFrom(1)))),
};
