/** QUIT: answers OK and ends the connection; what was sent behind it is not executed. */
import type { CommandDefinition } from '../command.js';
import { OK } from '../replies.js';

export const quit: CommandDefinition = {
  name: 'quit',
  arity: -1,
  flags: ['fast', 'loading', 'stale', 'no_auth', 'allow_busy', 'noscript'],
  keys: null,
  group: 'connection',
  since: '1.0.0',
  syntax: 'QUIT',
  summary: 'Close the connection',
  introduces: false,
  subcommands: [],
  run: () => ({ type: 'quit', reply: OK }),
};
