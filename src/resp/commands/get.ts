/** GET: the newest acknowledged value, as one bulk string or, in format `lab`, as its words. */
import { type Bytes, bufferOf } from '../../base/bytes.js';
import type { CommandContext, CommandDefinition, CommandOutcome, StoreAnswer } from '../command.js';
import { unexpected } from '../command.js';
import { NULL, type Reply, value } from '../replies.js';
import { labMissing, labWords, storeRead } from '../store-calls.js';

function storedIn(reply: StoreAnswer): Bytes | null {
  return reply.type === 'values' ? (reply.values[0] ?? null) : unexpected(reply);
}

function inRedis(reply: StoreAnswer): Reply {
  const stored = storedIn(reply);
  return stored === null ? NULL : value(stored);
}

function inLab(reply: StoreAnswer): Reply {
  const stored = storedIn(reply);
  return stored === null ? labMissing('array') : labWords(bufferOf(stored));
}

function run(context: CommandContext): CommandOutcome {
  return storeRead(context, 'get', context.format === 'lab' ? inLab : inRedis);
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
