/**
 * Messages between processes as a broken peer sends them: sound ones with some field changed to
 * what a field of its type can say at all, checked by a round trip through the codec, so that
 * whatever the play hands to a machine could have come from a connection.
 */
import fc from 'fast-check';
import { bytesOf } from '../../src/base/bytes.js';
import { AssertionError } from '../../src/base/assert.js';
import type { Prng } from '../../src/base/prng.js';
import { encodeReply, encodeRequest } from '../../src/rpc/codec.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { ReplyReader } from '../../src/rpc/reply-reader.js';
import { RequestFrames } from '../../src/rpc/request-frames.js';
import { RpcProtocolError } from '../../src/rpc/rpc-protocol-error.js';
import { anyReply, anyRequest } from '../unit/rpc/messages-arbitrary.js';
import { mutate, pick } from './fuzz.js';

const NUMBERS = [
  ...[0, 1, 2, 3, 65_535, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 47, 2 ** 48 - 1, 2 ** 48],
  Number.MAX_SAFE_INTEGER,
];
const TEXTS = ['', 'x', 'store-1', 'n', 'n1', '\r\n', '\0', 'é'.repeat(16), 'x'.repeat(32)];

/** A table of random messages of every type. */
export function sampleRequests(prng: Prng, count: number): readonly Request[] {
  return fc.sample(anyRequest, { seed: prng.next(), numRuns: count });
}

export function sampleReplies(prng: Prng, count: number): readonly Reply[] {
  return fc.sample(anyReply, { seed: prng.next(), numRuns: count });
}

/** The request as it arrives, or null for what would end its connection. */
export function arrivedRequest(message: Request): Request | null {
  return arrived(() => new RequestFrames().push(bytesOf(encodeRequest(message))));
}

export function arrivedReply(message: Reply): Reply | null {
  return arrived(() => new ReplyReader().push(bytesOf(encodeReply(message))));
}

/** A value that our own encoder refuses to write does not arrive either. */
function arrived<M>(read: () => M[]): M | null {
  try {
    return read()[0] ?? null;
  } catch (error) {
    if (error instanceof RpcProtocolError || error instanceof AssertionError) return null;
    throw error;
  }
}

/** The same message with one field, or a few, of another value. */
export function perturbed<M extends Request | Reply>(prng: Prng, message: M): M {
  let changed: unknown = message;
  for (let i = prng.below(3); i >= 0; i -= 1) changed = withOneChange(prng, changed);
  return { ...(changed as M), type: message.type };
}

function withOneChange(prng: Prng, value: unknown): unknown {
  if (typeof value === 'number') {
    return Math.max(0, prng.chance(0.5) ? value + prng.below(3) - 1 : pick(prng, NUMBERS));
  }
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return prng.chance(0.7) ? pick(prng, TEXTS) : `${value}x`;
  if (Buffer.isBuffer(value)) return mutate(prng, value, 1 + prng.below(3));
  if (Array.isArray(value)) return changedList(prng, value as readonly unknown[]);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const chosen = prng.below(entries.length);
  const changed = entries.map(([key, field], index) => [
    key,
    index === chosen ? withOneChange(prng, field) : (field as unknown),
  ]);
  return Object.fromEntries(changed);
}

function changedList(prng: Prng, list: readonly unknown[]): unknown[] {
  const at = prng.below(list.length + 1);
  const [item] = list.slice(at, at + 1);
  switch (prng.below(4)) {
    case 0:
      return [...list.slice(0, at), ...list.slice(at + 1)];
    case 1:
      return item === undefined ? [] : [...list, item];
    case 2:
      return [...list].reverse();
    default:
      return list.map((one, index) => (index === at ? withOneChange(prng, one) : one));
  }
}
