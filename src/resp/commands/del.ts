/** DEL: all its keys go in one transaction; the answer counts those that were there. */
import type { CommandDefinition } from '../command.js';
import { storeDelete } from '../store-calls.js';

export const del: CommandDefinition = {
  name: 'del',
  arity: -2,
  flags: ['write'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'generic',
  since: '1.0.0',
  syntax: 'DEL key [key ...]',
  summary: 'Delete keys in one atomic transaction',
  introduces: false,
  subcommands: [],
  run: storeDelete,
};
