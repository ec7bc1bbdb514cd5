/**
 * The ways in which data commands ask the store: arguments become a request, limits are checked
 * before anything leaves, and the store's answer becomes a reply. On a participant none of them
 * reaches the store. Knows nothing of transactions or participants.
 */
import { owned } from '../base/owned.js';
import type { Key } from '../base/store-request.js';
import type { CommandContext, CommandOutcome, StoreAnswer } from './command.js';
import { answer, unexpected } from './command.js';
import { fitsWords } from './encode.js';
import { beyondLimit, notTheCoordinator } from './error-replies.js';
import { LIMIT_SETTINGS, MAX_LAB_WORDS, type SessionLimits } from './limits.js';
import { array, bulk, integer, OK, simple, words, type Reply } from './replies.js';

/** What `lab` format says instead of a missing value. */
const LAB_NIL = bulk(Buffer.from('nil'));

type StoreOutcome = Extract<CommandOutcome, { type: 'store' }>;

function ask(
  context: CommandContext,
  request: StoreOutcome['request'],
  success: StoreOutcome['answer'],
): CommandOutcome {
  const { role, coordinatorAddress } = context.environment;
  if (role === 'participant') return answer(notTheCoordinator(coordinatorAddress));
  return { type: 'store', request, answer: success };
}

function longKey({ maxKeyBytes }: SessionLimits): Reply {
  return beyondLimit('key', maxKeyBytes, 'bytes', LIMIT_SETTINGS.maxKeyBytes);
}

/** All arguments but the name, as keys; null if one is too long. */
function keysIn({ args, environment }: CommandContext): Key[] | null {
  const { maxKeyBytes } = environment.limits;
  const keys = new Array<Key>(args.length - 1);
  for (let index = 1; index < args.length; index += 1) {
    if (args.size(index) > maxKeyBytes) return null;
    keys[index - 1] = args.text(index);
  }
  return keys;
}

/** The arguments behind the name: keys and values alternating, an even number of them. */
export function storePairs(context: CommandContext, args = context.args): CommandOutcome {
  const { limits } = context.environment;
  const pairs = new Array<[Key, Buffer]>((args.length - 1) / 2);
  for (let index = 1; index + 1 < args.length; index += 2) {
    if (args.size(index) > limits.maxKeyBytes) return answer(longKey(limits));
    if (args.size(index + 1) > limits.maxValueBytes) return answer(longValue(limits));
    pairs[(index - 1) / 2] = [args.text(index), owned(args.bytes(index + 1))];
  }
  return ask(context, { type: 'write', command: { op: 'set', pairs } }, okReply);
}

export function longValue(limits: SessionLimits): Reply {
  return beyondLimit('value', limits.maxValueBytes, 'bytes', LIMIT_SETTINGS.maxValueBytes);
}

/** All arguments but the name are keys. */
export function storeDelete(context: CommandContext): CommandOutcome {
  const keys = keysIn(context);
  if (keys === null) return answer(longKey(context.environment.limits));
  return ask(context, { type: 'write', command: { op: 'del', keys } }, countReply);
}

/** Reads all arguments but the name as keys. */
export function storeRead(
  context: CommandContext,
  op: 'get' | 'exists' | 'size',
  success: (reply: StoreAnswer) => Reply,
): CommandOutcome {
  const keys = keysIn(context);
  if (keys === null) return answer(longKey(context.environment.limits));
  return ask(context, { type: 'read', command: { op, keys } }, success);
}

export function storeTransactionStatus(context: CommandContext, txid: string): CommandOutcome {
  return ask(context, { type: 'txstatus', txid }, (reply) =>
    reply.type === 'status' ? simple(reply.status) : unexpected(reply),
  );
}

function okReply(reply: StoreAnswer): Reply {
  return reply.type === 'ok' ? OK : unexpected(reply);
}

export function countReply(reply: StoreAnswer): Reply {
  return reply.type === 'count' ? integer(reply.count) : unexpected(reply);
}

/** A missing value: alone it is an array of one word, among several it is that word. */
export function labMissing(shape: 'array' | 'word'): Reply {
  return shape === 'array' ? array([LAB_NIL]) : LAB_NIL;
}

export function labWords(value: Buffer): Reply {
  if (fitsWords(value)) return words(value);
  return beyondLimit('value', MAX_LAB_WORDS, 'words', 'reply_format lab');
}
