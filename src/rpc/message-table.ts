/**
 * Turns messages of one union into frames and received arguments into messages, by their names.
 *
 * A message's name on the wire is its type in upper case behind the table's prefix; its fields
 * follow in the order of the table. Knows neither sockets nor what messages mean.
 */
import { assert } from '../base/assert.js';
import type { Bytes } from '../base/bytes.js';
import type { Arguments } from '../resp/arguments.js';
import { ArgumentReader } from './argument-reader.js';
import type { Field } from './fields.js';
import { FrameBuilder } from './frame-builder.js';
import { RpcProtocolError } from './rpc-protocol-error.js';

/** Names of unknown messages are shown up to this length. */
const SHOWN_NAME_BYTES = 32;

interface Entry<M> {
  /** The name as a bulk string. */
  readonly head: string;
  readonly body: Field<M>;
}

export class MessageTable<M extends { readonly type: string }> {
  private readonly byType = new Map<string, Entry<M>>();
  private readonly byName = new Map<string, Field<M>>();

  constructor(prefix: string, bodies: Readonly<Record<M['type'], Field<M>>>) {
    for (const [type, body] of Object.entries<Field<M>>(bodies)) {
      const name = prefix + type.toUpperCase();
      assert(!this.byName.has(name), `${name} names two messages`);
      this.byName.set(name, body);
      this.byType.set(type, { head: `$${name.length}\r\n${name}\r\n`, body });
    }
  }

  /** What every frame of a message begins with whose number of fields is fixed. */
  prefixOf(type: M['type']): Buffer {
    const { head, body } = this.entry(type);
    assert(body.fixedSize !== null, `${type} begins in more than one way`);
    return Buffer.from(`*${body.fixedSize + 1}\r\n${head}`, 'latin1');
  }

  /** The frame, to be written in this order; large buffers of the message are in it, uncopied. */
  encode(message: M): Bytes[] {
    const { head, body } = this.entry(message.type);
    const out = new FrameBuilder(`*${body.size(message) + 1}\r\n${head}`);
    body.put(out, message);
    return out.finish();
  }

  /** `copies`: see `ArgumentReader`. */
  decode(args: Arguments, copies: boolean): M {
    if (args.length === 0) throw new RpcProtocolError('framing', 'a message without a name');
    const isShort = args.size(0) <= SHOWN_NAME_BYTES;
    const name = isShort ? args.text(0) : args.bytes(0).toString('latin1', 0, SHOWN_NAME_BYTES);
    const body = isShort ? this.byName.get(name) : undefined;
    if (body === undefined) {
      throw new RpcProtocolError('unknown-message', `unknown message ${JSON.stringify(name)}`);
    }
    const input = new ArgumentReader(name, args, copies);
    const message = body.take(input);
    input.end();
    return message;
  }

  private entry(type: string): Entry<M> {
    const entry = this.byType.get(type);
    assert(entry !== undefined, 'every message is in the table');
    return entry;
  }
}
