/**
 * Replies of one connection in the order of its requests. A request that waits for the store holds
 * a place; what is answered behind it waits until it is answered too. Knows nothing of commands.
 *
 * Invariant: the front place, if there is one, is not answered yet; bytes leave in request order.
 */
import type { Bytes } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { ReplyWriter, type RespVersion } from './encode.js';
import { replyBytes, type Reply } from './replies.js';

/** One request's turn. */
export interface Place {
  /** Protocol that was spoken when the request was read: a later HELLO does not change it. */
  readonly version: RespVersion;
  /** CLIENT REPLY: the answer is thrown away. */
  readonly silent: boolean;
  reply: Reply | null;
  replyBytes: number;
}

export class ReplyQueue {
  private readonly writer = new ReplyWriter();
  private readonly places = new Fifo<Place>();
  private heldBytes = 0;

  /** Requests that were read and whose reply has not been written. */
  get length(): number {
    return this.places.length;
  }

  /** Bytes of replies that were not taken yet. */
  get bytes(): number {
    return this.heldBytes + this.writer.length;
  }

  get hasOutput(): boolean {
    return this.writer.length > 0;
  }

  reserve(place: Place): void {
    this.places.push(place);
  }

  /** A reply that is there at once. */
  add(reply: Reply, version: RespVersion): void {
    if (this.places.length === 0) {
      this.writer.write(reply, version);
      return;
    }
    const bytes = replyBytes(reply);
    this.heldBytes += bytes;
    this.places.push({ version, silent: false, reply, replyBytes: bytes });
  }

  /** Called once for each place that was reserved. */
  fill(place: Place, reply: Reply): void {
    place.reply = reply;
    place.replyBytes = place.silent ? 0 : replyBytes(reply);
    this.heldBytes += place.replyBytes;
    this.writeAnswered();
  }

  take(): Bytes[] {
    return this.writer.take();
  }

  private writeAnswered(): void {
    for (let front = this.places.first; front !== null; front = this.places.first) {
      const { reply } = front;
      if (reply === null) return;
      this.places.dropFirst();
      this.heldBytes -= front.replyBytes;
      if (!front.silent) this.writer.write(reply, front.version);
    }
  }
}
