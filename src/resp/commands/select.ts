/** SELECT: there is one database, number 0. */
import { answer, type CommandDefinition } from '../command.js';
import { parseInteger } from '../decimal.js';
import { DB_OUT_OF_RANGE, NOT_AN_INTEGER } from '../error-replies.js';
import { OK } from '../replies.js';

export const select: CommandDefinition = {
  name: 'select',
  arity: 2,
  flags: ['fast', 'loading', 'stale'],
  keys: null,
  group: 'connection',
  since: '1.0.0',
  syntax: 'SELECT 0',
  summary: 'Choose the database, of which there is one',
  introduces: true,
  subcommands: [],
  run: ({ args }) => {
    const index = parseInteger(args.bytes(1));
    if (index === null) return answer(NOT_AN_INTEGER);
    return answer(index === 0 ? OK : DB_OUT_OF_RANGE);
  },
};
