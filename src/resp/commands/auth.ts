/** AUTH: proves the password of the one user, `default`, in either of its two forms. */
import { answer } from '../command.js';
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { NO_PASSWORD_CONFIGURED, SYNTAX_ERROR, WRONG_PASS } from '../error-replies.js';
import { OK } from '../replies.js';

function run({ args, client }: CommandContext): CommandOutcome {
  if (args.length > 3) return answer(SYNTAX_ERROR);
  if (args.length === 2 && !client.passwordRequired) return answer(NO_PASSWORD_CONFIGURED);
  const user = args.length === 3 ? args.word(1) : 'default';
  const password = args.word(args.length - 1, 'utf8');
  return answer(client.authenticate(user, password) ? OK : WRONG_PASS);
}

export const auth: CommandDefinition = {
  name: 'auth',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  keys: null,
  group: 'connection',
  since: '1.0.0',
  syntax: 'AUTH [username] password',
  summary: 'Authenticate the connection',
  introduces: true,
  subcommands: [],
  run,
};
