/**
 * Sockets that behave badly: they do not read, write a byte at a time, announce what they never
 * send, say nothing at all, or vanish. All of them can be ended at once.
 */
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Connections made at a time: fewer than a server's backlog. */
const WAVE = 250;
const CONNECT_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 20_000;

export class BadClients {
  private readonly sockets: Socket[] = [];
  private readonly ends = new EventEmitter();

  constructor(private readonly target: Target) {}

  /** Connections that a server has closed, or is about to. */
  get closedCount(): number {
    return this.sockets.filter((socket) => socket.destroyed || socket.readableEnded).length;
  }

  /** Waits until a server has closed so many. Only who reads hears of it. */
  async closed(count: number, withinMs = CLOSE_TIMEOUT_MS): Promise<void> {
    const timer = setTimeout(() => {
      this.ends.emit('error', new Error(`${this.closedCount} were closed, not ${count}`));
    }, withinMs);
    try {
      while (this.closedCount < count) await once(this.ends, 'end');
    } finally {
      clearTimeout(timer);
    }
  }

  async open(): Promise<Socket> {
    const socket = connect({ ...this.target, noDelay: true, allowHalfOpen: true });
    this.sockets.push(socket);
    for (const event of ['end', 'close']) socket.on(event, () => this.ends.emit('end'));
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no connection to ${this.target.port} within ${CONNECT_TIMEOUT_MS} ms`));
      }, CONNECT_TIMEOUT_MS);
      socket.once('error', reject);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', reject);
        resolve();
      });
    });
    socket.on('error', () => undefined);
    return socket;
  }

  /** Many, a wave at a time. */
  async openMany(count: number): Promise<Socket[]> {
    const opened: Socket[] = [];
    for (let left = count; left > 0; left -= WAVE) {
      const wave = Array.from({ length: Math.min(WAVE, left) }, () => this.open());
      opened.push(...(await Promise.all(wave)));
    }
    return opened;
  }

  /** Cuts all of them off, as a client does that is killed. */
  reset(): void {
    for (const socket of this.sockets.splice(0)) socket.resetAndDestroy();
  }
}

/** One byte after the other, each in a packet of its own. */
export async function dribble(socket: Socket, bytes: Buffer, pauseMs: number): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(Buffer.from([byte]));
    await delay(pauseMs);
  }
}

/** Resolves with what has come once it ends so. */
export function received(socket: Socket, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.endsWith(end)) resolve(text);
    });
    socket.on('close', () => {
      reject(new Error(`closed behind ${JSON.stringify(text.slice(-100))}`));
    });
  });
}
