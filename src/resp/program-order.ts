/**
 * Program order within one connection: what a client sends reads and writes the store as if one
 * command ran after the other. Reads among themselves, and writes among themselves, may be under
 * way together, as the store keeps their order; but a read leaves only when every earlier write was
 * answered, and a write only when every earlier read was.
 *
 * It also bounds how much the reads under way may bring, by what earlier ones brought: a client
 * that pipelines reads of large values and is slow to take them must not fill the memory. Knows
 * nothing of bytes on the wire, nor of other connections.
 */
import type { StoreRequest } from '../base/store-request.js';
import { FIRST_READ_WINDOW, LARGEST_READ_WINDOW } from './limits.js';

/** How quickly a large reply is forgotten when small ones follow. */
const MEMORY_OF_LARGE_REPLIES = 0.75;

export class ProgramOrder {
  private reads = 0;
  private writes = 0;
  private expectedReadBytes: number;

  constructor(private readonly maxReplyBytes: number) {
    this.expectedReadBytes = maxReplyBytes / FIRST_READ_WINDOW;
  }

  /** `pendingReplyBytes`: replies that wait to be taken by the client. */
  mayLeave(request: StoreRequest, pendingReplyBytes: number): boolean {
    if (request.type === 'write') return this.reads === 0;
    if (this.writes > 0) return false;
    const expected = pendingReplyBytes + (this.reads + 1) * this.expectedReadBytes;
    return this.reads === 0 || expected <= this.maxReplyBytes;
  }

  left(request: StoreRequest): void {
    if (request.type === 'write') this.writes += 1;
    else this.reads += 1;
  }

  answered(request: StoreRequest, bytes: number): void {
    if (request.type === 'write') {
      this.writes -= 1;
      return;
    }
    this.reads -= 1;
    this.expectedReadBytes = Math.max(
      bytes,
      this.expectedReadBytes * MEMORY_OF_LARGE_REPLIES,
      this.maxReplyBytes / LARGEST_READ_WINDOW,
    );
  }
}
