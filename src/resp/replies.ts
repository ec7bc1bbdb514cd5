/**
 * What a command answers, before it becomes bytes: plain data that knows neither the protocol
 * version (see `encode.ts`) nor the connection.
 *
 * Text of `simple` and `error` is a byte string held as latin1, so that bytes which a client sent
 * pass through an error text unchanged; the encoder turns line ends in it into spaces. So is that
 * of `value`, whose line ends stay. Text of `bulk` and `verbatim` is Unicode.
 */

import type { Bytes } from '../base/bytes.js';

export type Reply =
  | { readonly kind: 'simple'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'bulk'; readonly value: Buffer | string }
  /** A stored value. */
  | { readonly kind: 'value'; readonly value: Bytes }
  /** A missing value. */
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly items: readonly Reply[] }
  /** An unordered collection; an array in RESP2. */
  | { readonly kind: 'set'; readonly items: readonly Reply[] }
  /** A flat array of keys and values in RESP2. */
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Reply, Reply])[] }
  /** Text for people; a bulk string in RESP2. */
  | { readonly kind: 'verbatim'; readonly text: string }
  /** A value as the array of its words, split at every single space (reply format `lab`). */
  | { readonly kind: 'words'; readonly value: Buffer };

export const OK: Reply = { kind: 'simple', text: 'OK' };
export const NULL: Reply = { kind: 'null' };

export function simple(text: string): Reply {
  return { kind: 'simple', text };
}

export function error(text: string): Reply {
  return { kind: 'error', text };
}

export function integer(value: number): Reply {
  return { kind: 'integer', value };
}

export function bulk(value: Buffer | string): Reply {
  return { kind: 'bulk', value };
}

export function value(stored: Bytes): Reply {
  return { kind: 'value', value: stored };
}

export function array(items: readonly Reply[]): Reply {
  return { kind: 'array', items };
}

export function set(items: readonly Reply[]): Reply {
  return { kind: 'set', items };
}

export function map(entries: readonly (readonly [Reply, Reply])[]): Reply {
  return { kind: 'map', entries };
}

export function verbatim(text: string): Reply {
  return { kind: 'verbatim', text };
}

export function words(value: Buffer): Reply {
  return { kind: 'words', value };
}

const FIXED_REPLY_BYTES = 32;

/** Roughly what a reply keeps in memory until it is sent. */
export function replyBytes(reply: Reply): number {
  switch (reply.kind) {
    case 'bulk':
    case 'value':
    case 'words':
      return FIXED_REPLY_BYTES + reply.value.length;
    case 'simple':
    case 'error':
    case 'verbatim':
      return FIXED_REPLY_BYTES + reply.text.length;
    case 'array':
    case 'set':
      return reply.items.reduce((sum, item) => sum + replyBytes(item), FIXED_REPLY_BYTES);
    case 'map':
      return reply.entries.reduce(
        (sum, [key, value]) => sum + replyBytes(key) + replyBytes(value),
        FIXED_REPLY_BYTES,
      );
    default:
      return FIXED_REPLY_BYTES;
  }
}
