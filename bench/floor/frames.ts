/**
 * Messages between the two programs of the bare pattern: how long it is, what it is and how many
 * requests it has, then their bytes. An answer to reads has the replies, one to writes has nothing.
 */
import type { Socket } from 'node:net';

const AT = { length: 0, kind: 4, count: 5 } as const;
const HEAD_BYTES = 9;

export const KIND = { write: 1, read: 2 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

export interface Message {
  readonly kind: Kind;
  readonly count: number;
  readonly bytes: Buffer;
}

function headOf({ kind, count, bytes }: Message): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32LE(bytes.length, AT.length);
  head.writeUInt8(kind, AT.kind);
  head.writeUInt32LE(count, AT.count);
  return head;
}

export function post(socket: Socket, message: Message): void {
  socket.cork();
  socket.write(headOf(message));
  socket.write(message.bytes);
  socket.uncork();
}

/** Hands over each message that is complete. */
export class MessageReader {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly onMessage: (message: Message) => void) {}

  push(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (bytes.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + bytes.readUInt32LE(AT.length);
      if (bytes.length < end) break;
      const kind = bytes.readUInt8(AT.kind) === KIND.read ? KIND.read : KIND.write;
      const count = bytes.readUInt32LE(AT.count);
      this.onMessage({ kind, count, bytes: bytes.subarray(HEAD_BYTES, end) });
      bytes = bytes.subarray(end);
    }
    this.rest = bytes;
  }
}
