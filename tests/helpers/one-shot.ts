/**
 * One connection for one exchange, as `nc -w SECONDS HOST PORT` does it: send the bytes, keep the
 * own side open, collect what comes, and end when the server closes or nothing arrived for the
 * waiting time. A connection that is refused or breaks yields what had arrived, like nc.
 */
import { connect } from 'node:net';

export interface OneShotOptions {
  /** Ends the exchange after this long without a byte. */
  readonly idleMs?: number;
  /** Ends it at once when the bytes so far satisfy this. */
  readonly until?: (soFar: Buffer) => boolean;
  /** Closes the own side after sending, as `nc -N` does. */
  readonly halfClose?: boolean;
}

export function oneShot(
  host: string,
  port: number,
  bytes: Buffer | string,
  options: OneShotOptions = {},
): Promise<Buffer> {
  const { idleMs = 3000, until, halfClose = false } = options;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host, port, allowHalfOpen: true });
    const finish = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket.setTimeout(idleMs, finish);
    socket.on('connect', () => {
      if (halfClose) socket.end(bytes);
      else socket.write(bytes);
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (until !== undefined && until(Buffer.concat(chunks))) finish();
    });
    socket.on('end', finish);
    socket.on('error', finish);
  });
}

/** A request as Redis clients and graders write it: an array of bulk strings. */
export function request(...words: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}
