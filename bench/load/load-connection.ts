/**
 * One connection of the generator: bytes out, and one call when a request is answered. Replies are
 * read into a buffer that all connections share. An error reply answers a request like any other;
 * it is counted. A connection that breaks ends the run: what is measured must not break.
 */
import { connect, type Socket } from 'node:net';
import { type Operation, WAIT_REPLICAS } from './load-spec.js';
import { ERROR, INTEGER, ReplyScanner } from './reply-scanner.js';

const READ_BYTES = 256 * 1024;
const KEPT_ERRORS = 5;
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

export interface LoadEvents {
  /** In the order of the requests; `now` is when the bytes came. */
  answered(now: number): void;
  failed(error: Error): void;
}

export class ErrorCounter {
  count = 0;
  readonly first: string[] = [];

  add(text: string): void {
    this.count += 1;
    if (this.first.length < KEPT_ERRORS) this.first.push(text);
  }
}

export class LoadConnection {
  private readonly scanner: ReplyScanner;
  private readonly repliesPerRequest: number;
  private replies = 0;
  private now = 0;
  private isClosed = false;
  private socket: Socket | null = null;

  constructor(
    operation: Operation | undefined,
    private readonly errors: ErrorCounter,
    private readonly events: LoadEvents,
  ) {
    this.repliesPerRequest = operation === 'setThenWait' ? 2 : 1;
    this.scanner = new ReplyScanner((type, number, text) => {
      this.onReply(type, number, text);
    });
  }

  open(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        noDelay: true,
        onread: {
          buffer: sharedBuffer,
          callback: (length, bytes) => {
            this.now = performance.now();
            this.scanner.take(bytes, length);
            return true;
          },
        },
      });
      this.socket = socket;
      socket.once('connect', resolve);
      socket.on('error', (error) => {
        reject(error);
        if (!this.isClosed) this.events.failed(error);
      });
      socket.on('close', () => {
        if (!this.isClosed) this.events.failed(new Error('the server closed a connection'));
      });
    });
  }

  send(bytes: Buffer): void {
    this.socket?.write(bytes);
  }

  close(): void {
    this.isClosed = true;
    this.socket?.destroy();
  }

  private onReply(type: number, number: number, text: string): void {
    this.replies += 1;
    if (type === ERROR) this.errors.add(text);
    if (this.replies < this.repliesPerRequest) return;
    if (this.repliesPerRequest > 1 && (type !== INTEGER || number < WAIT_REPLICAS)) {
      this.errors.add(`WAIT was answered by ${number} replicas`);
    }
    this.replies = 0;
    this.events.answered(this.now);
  }
}
