/**
 * One TCP connection to another process, whichever side opened it: bytes to messages and back.
 *
 * Writes are gathered until `flush`. The two roles differ only in what `PeerRole` holds; why a
 * message is sent and when a silent peer is given up is the shells' business. Invariants: `ended`
 * is called at most once, nothing is delivered after it nor after `close`, and every event that a
 * socket can emit has a listener as long as the socket lives.
 */
import type { Socket } from 'node:net';
import type { Bytes } from '../base/bytes.js';
import { CLOSE_LINGER_MS, type PeerConnection } from '../ports/network.js';
import { MAX_UNPROVED_BYTES } from '../rpc/limits.js';
import type { Reply, Request } from '../rpc/messages.js';
import { RpcProtocolError } from '../rpc/rpc-protocol-error.js';

export interface PeerRole<Out, In> {
  encode(message: Out): readonly Bytes[];
  /** Messages that this chunk completes; throws `RpcProtocolError`. */
  decode(chunk: Buffer): In[];
  /** What the peer is told before its connection is closed for a protocol error, if anything. */
  farewell(reason: string): readonly Bytes[];
  received(message: In): void;
  ended(reason: string): void;
}

/** What a connection needs from the network object that it belongs to. */
export interface PeerSocketOwner {
  /** There is something to flush. */
  dirty(connection: { flush(): void }): void;
  /** There is something to flush that can wait. */
  holding(connection: { flush(): void }): void;
  countRead(bytes: number): void;
}

/** Up to this size, one text is cheaper for the system than many. */
const JOIN_UP_TO_BYTES = 64 * 1024;

type State = 'open' | 'closing' | 'ended';

export class PeerSocket<
  Out extends Request | Reply,
  In extends Request | Reply,
> implements PeerConnection<Out> {
  bytesRead = 0;
  private state: State = 'open';
  private pending: Bytes[] = [];
  private pendingBytes = 0;
  private isDirty = false;
  private sentBytes = 0;
  /** The handshake is over: before that, nobody may make us read much. */
  private proved = false;

  constructor(
    readonly id: number,
    private readonly socket: Socket,
    private readonly role: PeerRole<Out, In>,
    private readonly owner: PeerSocketOwner,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('end', () => this.end('the peer closed the connection'));
    socket.on('error', (error) => this.end(error.message));
    socket.on('close', () => this.end('the connection was lost'));
  }

  /** A method, because handlers may change the answer between two calls. */
  isOpen(): boolean {
    return this.state === 'open';
  }

  get bufferedBytes(): number {
    return this.pendingBytes + this.socket.writableLength;
  }

  get bytesWritten(): number {
    return this.sentBytes - this.bufferedBytes;
  }

  send(message: Out, isPatient = false): void {
    if (this.state !== 'open') return;
    if (message.type === 'proved') this.proved = true;
    if (isPatient) {
      if (this.pending.length === 0) this.owner.holding(this);
    } else if (!this.isDirty) {
      this.isDirty = true;
      this.owner.dirty(this);
    }
    this.enqueue(this.role.encode(message));
  }

  flush(): void {
    this.isDirty = false;
    const { pending, socket } = this;
    if (pending.length === 0 || this.state === 'ended') return;
    const isShort = this.pendingBytes <= JOIN_UP_TO_BYTES;
    this.pending = [];
    this.pendingBytes = 0;
    if (isShort && pending.every(isText)) {
      socket.write(pending.join(''), 'latin1');
      return;
    }
    socket.cork();
    for (const chunk of pending) socket.write(chunk, 'latin1');
    socket.uncork();
  }

  close(): void {
    if (this.state === 'open') this.finish();
  }

  /** Ends the connection for a reason that is not in the stream; the handler hears of it. */
  end(reason: string): void {
    const wasOpen = this.state === 'open';
    this.state = 'ended';
    this.pending = [];
    this.pendingBytes = 0;
    this.socket.destroy();
    if (wasOpen) this.role.ended(reason);
  }

  /** Takes bytes as if they had just arrived. */
  receive(chunk: Buffer): void {
    this.bytesRead += chunk.length;
    this.owner.countRead(chunk.length);
    if (this.state !== 'open') return;
    const messages = this.decode(chunk);
    for (const message of messages) {
      if (!this.isOpen()) return;
      if (message.type === 'proved') this.proved = true;
      this.role.received(message);
    }
  }

  private decode(chunk: Buffer): In[] {
    try {
      if (!this.proved && this.bytesRead > MAX_UNPROVED_BYTES) {
        const text = `over ${MAX_UNPROVED_BYTES} bytes before the handshake has ended`;
        throw new RpcProtocolError('too-long', text);
      }
      return this.role.decode(chunk);
    } catch (error) {
      if (!(error instanceof RpcProtocolError)) throw error;
      const reason = `protocol error: ${error.message}`;
      this.enqueue(this.role.farewell(reason));
      this.finish();
      this.role.ended(reason);
      return [];
    }
  }

  /** Sends what is waiting and the end of the stream; bytes that still arrive are dropped. */
  private finish(): void {
    this.flush();
    this.state = 'closing';
    this.socket.end();
    const timer = setTimeout(() => this.socket.destroy(), CLOSE_LINGER_MS);
    this.socket.once('close', () => clearTimeout(timer));
  }

  private enqueue(chunks: readonly Bytes[]): void {
    for (const chunk of chunks) {
      this.pending.push(chunk);
      this.pendingBytes += chunk.length;
      this.sentBytes += chunk.length;
    }
  }
}

function isText(bytes: Bytes): bytes is string {
  return typeof bytes === 'string';
}
