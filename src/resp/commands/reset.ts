/** RESET: the connection is as new, so RESP2, without a name, and to be authenticated again. */
import { answer, type CommandDefinition } from '../command.js';
import { simple } from '../replies.js';

export const reset: CommandDefinition = {
  name: 'reset',
  arity: 1,
  flags: ['fast', 'loading', 'stale', 'no_auth', 'allow_busy', 'noscript'],
  keys: null,
  group: 'connection',
  since: '6.2.0',
  syntax: 'RESET',
  summary: 'Bring the connection back to its first state',
  introduces: true,
  subcommands: [],
  run: ({ client }) => {
    client.reset();
    return answer(simple('RESET'));
  },
};
