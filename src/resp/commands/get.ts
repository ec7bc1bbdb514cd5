/** GET: the newest acknowledged value, as one bulk string or, in format `lab`, as its words. */
import { bufferOf } from '../../base/bytes.js';
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { unexpected } from '../command.js';
import { NULL, value } from '../replies.js';
import { labMissing, labWords, storeRead } from '../store-calls.js';

function run(context: CommandContext): CommandOutcome {
  const lab = context.format === 'lab';
  return storeRead(context, 'get', (reply) => {
    if (reply.type !== 'values') return unexpected(reply);
    const stored = reply.values[0] ?? null;
    if (stored === null) return lab ? labMissing('array') : NULL;
    return lab ? labWords(bufferOf(stored)) : value(stored);
  });
}

export const get: CommandDefinition = {
  name: 'get',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  syntax: 'GET key',
  summary: 'Get the value of a key',
  introduces: false,
  subcommands: [],
  run,
};
