/**
 * Connections that nobody can attend to yet: kept, unread, in the order of their arrival, with what
 * belongs to each. Who ended meanwhile with nothing unread has asked nothing, and its end would not
 * be told again: it is let go. How many may wait is for the owner to say.
 * Invariant: every socket that is held has an error listener.
 */
import type { Socket } from 'node:net';

interface Held<T> {
  readonly socket: Socket;
  readonly what: T;
}

export class HeldSockets<T> {
  private readonly held: Held<T>[] = [];

  get size(): number {
    return this.held.length;
  }

  hold(socket: Socket, what: T): void {
    socket.on('error', destroy);
    this.held.push({ socket, what });
  }

  dropOldest(): void {
    this.held.shift()?.socket.destroy();
  }

  /** Those that were lost or have ended meanwhile are left out. */
  release(take: (socket: Socket, what: T) => void): void {
    for (const { socket, what } of this.held.splice(0)) {
      if (socket.readableEnded) socket.destroy();
      if (socket.destroyed) continue;
      take(socket, what);
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
