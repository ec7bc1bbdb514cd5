/**
 * A plain client connection without any cleverness: it never reconnects and never sends a command
 * twice, so that a test knows of each command whether it was answered. Error replies are values
 * (`ReplyError`), because they are outcomes; a lost connection rejects all that was unanswered.
 */
import { connect, type Socket } from 'node:net';
import RedisParser from 'redis-parser';
import { request } from './one-shot.js';

export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

export type Reply = Buffer | string | number | null | ReplyError | readonly Reply[];

interface Waiter {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class RespConnection {
  readonly #socket: Socket;
  readonly #waiters: Waiter[] = [];
  #lost: ConnectionLost | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const parser = new RedisParser({
      returnBuffers: true,
      returnReply: (reply: unknown) => {
        this.#waiters.shift()?.resolve(reply as Reply);
      },
      returnError: (error: Error) => {
        this.#waiters.shift()?.resolve(new ReplyError(error.message));
      },
      returnFatalError: (error: Error) => {
        socket.destroy(error);
      },
    });
    socket.on('data', (chunk) => {
      parser.execute(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('end', () => {
      socket.destroy();
    });
    socket.on('close', () => {
      this.#lost = new ConnectionLost('the server closed the connection');
      for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#lost);
    });
  }

  static open(host: string, port: number, timeoutMs = 2000): Promise<RespConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      socket.setTimeout(timeoutMs, () => socket.destroy(new Error('connecting took too long')));
      socket.once('error', (error) => {
        reject(new ConnectionLost(error.message));
      });
      socket.once('connect', () => {
        socket.setTimeout(0);
        resolve(new RespConnection(socket));
      });
    });
  }

  command(...words: readonly (string | Buffer)[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#lost);
        return;
      }
      this.#waiters.push({ resolve, reject });
      this.#socket.write(request(...words));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The text of a reply that must be a string; an error reply is thrown. */
export function textOf(reply: Reply): string {
  if (reply instanceof Error) throw reply;
  if (Buffer.isBuffer(reply) || typeof reply === 'string') return reply.toString();
  throw new Error(`a string reply was expected, got ${JSON.stringify(reply)}`);
}
