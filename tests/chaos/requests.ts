/** Operations of a history as requests of the Redis protocol, and what their replies mean. */
import type { Action, Value } from '../checkers/history.js';
import type { Reply } from '../helpers/resp-connection.js';
import { nameOf, valueOf } from './values.js';

/** A reply of another kind than the request has. */
export class ReplyMismatch extends Error {
  override readonly name = 'ReplyMismatch';
}

export function requestOf(action: Action): string[] {
  switch (action.op) {
    case 'set': {
      const words = action.pairs.flatMap(([key, name]) => [key, valueOf(name)]);
      return [action.pairs.length === 1 ? 'SET' : 'MSET', ...words];
    }
    case 'del':
      return ['DEL', ...action.keys];
    case 'exists':
      return ['EXISTS', ...action.keys];
    case 'get':
      return [action.keys.length === 1 ? 'GET' : 'MGET', ...action.keys];
  }
}

/** The action with what the reply told. */
export function withReply(action: Action, reply: Reply): Action {
  const mismatch = (): ReplyMismatch => {
    const told = Buffer.isBuffer(reply) ? reply.toString() : JSON.stringify(reply);
    return new ReplyMismatch(`${requestOf(action).join(' ').slice(0, 80)} was answered ${told}`);
  };
  switch (action.op) {
    case 'set':
      if (textOf(reply) !== 'OK') throw mismatch();
      return action;
    case 'del':
    case 'exists':
      if (typeof reply !== 'number') throw mismatch();
      return { ...action, found: reply };
    case 'get': {
      const replies: readonly Reply[] = action.keys.length === 1 ? [reply] : asList(reply);
      const values = replies.map(valueIn);
      if (values.length !== action.keys.length || values.includes(undefined)) throw mismatch();
      return { ...action, values: values.map((value) => value ?? null) };
    }
  }
}

function asList(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : [];
}

function valueIn(reply: Reply): Value | undefined {
  if (reply === null) return null;
  const text = textOf(reply);
  return text === undefined ? undefined : nameOf(text);
}

function textOf(reply: Reply): string | undefined {
  return Buffer.isBuffer(reply) || typeof reply === 'string' ? reply.toString() : undefined;
}
