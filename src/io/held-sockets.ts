/**
 * Connections of peers that arrive before the participant has loaded its store: kept, unread, until
 * it has. A peer that lost patience meanwhile has closed its end, which shows when it is read.
 */
import type { Socket } from 'node:net';

/** A coordinator dials twice every two seconds; the newest are those that still wait. */
const MAX_HELD = 16;

interface Held {
  readonly socket: Socket;
  readonly firstBytes: Buffer;
}

export class HeldSockets {
  private held: Held[] = [];

  hold(socket: Socket, firstBytes: Buffer): void {
    socket.on('error', destroy);
    this.held.push({ socket, firstBytes });
    if (this.held.length > MAX_HELD) this.held.shift()?.socket.destroy();
  }

  release(take: (socket: Socket, firstBytes: Buffer) => void): void {
    for (const { socket, firstBytes } of this.held.splice(0)) {
      take(socket, firstBytes);
      socket.off('error', destroy);
    }
  }

  destroyAll(): void {
    for (const { socket } of this.held.splice(0)) socket.destroy();
  }
}

function destroy(this: Socket): void {
  this.destroy();
}
