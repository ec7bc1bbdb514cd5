/**
 * The messages that transactions and reads consist of, field by field. `record` of `fields.ts` says
 * the same in one line each; but its one loop serves objects of all shapes, which costs a message
 * more than its bytes do. Order on the wire is the order in these functions, both ways.
 */
import type { Position } from '../base/ids.js';
import type { ArgumentReader } from './argument-reader.js';
import {
  chunks,
  type Field,
  flag,
  key,
  list,
  numbers,
  oneOf,
  prose,
  text,
  uint,
  values,
} from './fields.js';
import type { FrameBuilder } from './frame-builder.js';
import type { Done, Outcome, Prepare, Read, Value, Vote } from './messages.js';

function fixed<T>(
  size: number,
  put: (out: FrameBuilder, value: T) => void,
  take: (input: ArgumentReader) => T,
): Field<T> {
  return { fixedSize: size, size: () => size, put, take };
}

/** Takes one field, with its name for the error text. */
function field<T>(input: ArgumentReader, name: string, type: Field<T>): T {
  input.field = name;
  return type.take(input);
}

export const position: Field<Position> = fixed(
  2,
  (out, { txid, chain }) => {
    uint.put(out, txid);
    text.put(out, chain);
  },
  (input) => ({ txid: field(input, 'txid', uint), chain: field(input, 'chain', text) }),
);

export const prepare: Field<Prepare> = fixed(
  7,
  (out, message) => {
    uint.put(out, message.epoch);
    uint.put(out, message.view);
    uint.put(out, message.txid);
    text.put(out, message.stage);
    uint.put(out, message.length);
    uint.put(out, message.crc);
    chunks.put(out, message.payload);
  },
  (input) => {
    const epoch = field(input, 'epoch', uint);
    const view = field(input, 'view', uint);
    const txid = field(input, 'txid', uint);
    const stage = field(input, 'stage', text);
    const length = field(input, 'length', uint);
    const crc = field(input, 'crc', uint);
    const payload = field(input, 'payload', chunks);
    return { type: 'prepare', epoch, view, txid, payload, stage, length, crc };
  },
);

export const outcome: Field<Outcome> = fixed(
  3,
  (out, message) => {
    uint.put(out, message.epoch);
    uint.put(out, message.txid);
    flag.put(out, message.commit);
  },
  (input) => {
    const epoch = field(input, 'epoch', uint);
    const txid = field(input, 'txid', uint);
    return { type: 'outcome', epoch, txid, commit: field(input, 'commit', flag) };
  },
);

const verdict = oneOf('yes', 'no', 'need');

export const vote: Field<Vote> = fixed(
  4,
  (out, message) => {
    uint.put(out, message.epoch);
    uint.put(out, message.txid);
    verdict.put(out, message.vote);
    prose.put(out, message.reason);
  },
  (input) => {
    const epoch = field(input, 'epoch', uint);
    const txid = field(input, 'txid', uint);
    const said = field(input, 'vote', verdict);
    return { type: 'vote', epoch, txid, vote: said, reason: field(input, 'reason', prose) };
  },
);

export const done: Field<Done> = fixed(
  9,
  (out, message) => {
    uint.put(out, message.epoch);
    uint.put(out, message.txid);
    numbers.put(out, message.results);
    position.put(out, message.position);
    text.put(out, message.digest);
    uint.put(out, message.synced);
    uint.put(out, message.bytes);
    uint.put(out, message.keys);
  },
  (input) => {
    const epoch = field(input, 'epoch', uint);
    const txid = field(input, 'txid', uint);
    const results = field(input, 'results', numbers);
    const at = position.take(input);
    const digest = field(input, 'digest', text);
    const synced = field(input, 'synced', uint);
    const bytes = field(input, 'bytes', uint);
    const keys = field(input, 'keys', uint);
    return { type: 'done', epoch, txid, results, position: at, digest, synced, bytes, keys };
  },
);

const operation = oneOf('get', 'gets', 'exists', 'size');
const keyList = list(key);

export const read: Field<Read> = {
  fixedSize: null,
  size: (message) => 3 + keyList.size(message.keys),
  put: (out, message) => {
    uint.put(out, message.id);
    uint.put(out, message.view);
    operation.put(out, message.op);
    keyList.put(out, message.keys);
  },
  take: (input) => {
    const id = field(input, 'id', uint);
    const view = field(input, 'view', uint);
    const op = field(input, 'op', operation);
    return { type: 'read', id, view, op, keys: field(input, 'keys', keyList) };
  },
};

export const value: Field<Value> = fixed(
  4,
  (out, message) => {
    uint.put(out, message.id);
    uint.put(out, message.count);
    numbers.put(out, message.lengths);
    values.put(out, message.data);
  },
  (input) => {
    const id = field(input, 'id', uint);
    const count = field(input, 'count', uint);
    const lengths = field(input, 'lengths', numbers);
    return { type: 'value', id, count, lengths, data: field(input, 'data', values) };
  },
);
