/**
 * Compares the first bytes of a connection with a prefix, in whatever fragments they arrive, and
 * hands the connection back at the first byte that differs, or when all are equal. Knows nothing of
 * what either kind of connection is.
 */
import type { Socket } from 'node:net';

/** `firstBytes` null: the connection ended before it was known, and is gone. */
export type SniffVerdict = (matched: boolean, firstBytes: Buffer | null) => void;

export class PrefixSniffer {
  private seen = Buffer.alloc(0);
  private decided = false;

  constructor(
    private readonly socket: Socket,
    private readonly prefix: Buffer,
    private readonly verdict: SniffVerdict,
  ) {
    socket.on('data', this.onData);
    socket.on('end', this.onGone);
    socket.on('error', this.onGone);
    socket.on('close', this.onGone);
  }

  destroy(): void {
    this.onGone();
  }

  /** Concatenates at most as many times as the prefix has bytes. */
  private readonly onData = (chunk: Buffer): void => {
    this.seen = Buffer.concat([this.seen, chunk]);
    const compared = Math.min(this.seen.length, this.prefix.length);
    const equal = this.seen.compare(this.prefix, 0, compared, 0, compared) === 0;
    if (equal && compared < this.prefix.length) return;
    this.socket.pause();
    this.decide(equal, this.seen);
  };

  /** Also a client that ends within the prefix: nothing whole can have been asked by then. */
  private readonly onGone = (): void => {
    if (this.decided) return;
    this.decide(false, null);
    this.socket.on('error', () => undefined);
    this.socket.destroy();
  };

  private decide(matched: boolean, firstBytes: Buffer | null): void {
    this.decided = true;
    this.socket.off('data', this.onData);
    this.socket.off('end', this.onGone);
    this.socket.off('error', this.onGone);
    this.socket.off('close', this.onGone);
    this.verdict(matched, firstBytes);
  }
}
