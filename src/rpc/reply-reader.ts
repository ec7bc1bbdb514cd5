/**
 * Reads the replies of one connection from its bytes, as they come. The only file that imports
 * `redis-parser`.
 *
 * That parser trusts what it reads: an announced length allocates, nesting recurses, a failure
 * leaves half an array behind that would swallow the next reply. Here it reads only what a process
 * says that we chose to dial, and only what a guard has let through, because who answers there has
 * proved nothing yet. Whatever it throws becomes an `RpcProtocolError`, after which the reader is
 * spent and its connection must go; one reply is bounded in bytes; and what a message keeps is
 * copied, because the parser hands out slices of large shared buffers.
 */
import RedisParser from 'redis-parser';
import { assert } from '../base/assert.js';
import { decodeReply } from './codec.js';
import { FlatReplyGuard } from './flat-reply-guard.js';
import { MAX_REPLY_BYTES } from './limits.js';
import type { Reply } from './messages.js';
import { RpcProtocolError } from './rpc-protocol-error.js';

/** Text of a Redis error that is shown, so that a person sees what was dialled by mistake. */
const SHOWN_ERROR_CHARACTERS = 100;

export class ReplyReader {
  private readonly parser: RedisParser;
  private readonly guard = new FlatReplyGuard();
  private completed: unknown[] = [];
  /** Only the first tells the cause. Kept, because nothing may be thrown within the parser. */
  private readonly failures: RpcProtocolError[] = [];
  /** Bytes received since the last complete reply, up to a chunk more. */
  private unfinishedBytes = 0;

  constructor(private readonly maxReplyBytes = MAX_REPLY_BYTES) {
    this.parser = new RedisParser({
      returnBuffers: true,
      returnReply: (reply: unknown) => this.completed.push(reply),
      returnError: (error) => this.fail('error-reply', `the peer answers "${shown(error)}"`),
      // The parser's own error carries the bytes it stumbled over: none of that is passed on.
      returnFatalError: () => this.fail('framing', 'a reply that is not RESP'),
    });
  }

  /** The replies that this chunk completes. */
  push(chunk: Buffer): Reply[] {
    assert(this.failures.length === 0, 'a reader that failed is not used again');
    // The parser miscounts after an empty chunk.
    if (chunk.length === 0) return [];
    this.unfinishedBytes += chunk.length;
    try {
      const passed = this.guard.pass(chunk);
      if (passed > 0) this.parser.execute(chunk.subarray(0, passed));
    } catch (cause) {
      if (cause instanceof RpcProtocolError) this.failures.push(cause);
      else this.fail('framing', 'a reply that cannot be read', { cause });
    }
    if (this.completed.length > 0) this.unfinishedBytes = 0;
    if (this.unfinishedBytes > this.maxReplyBytes) {
      this.fail('too-long', `a reply over ${this.maxReplyBytes} bytes`);
    }
    const [failure] = this.failures;
    if (failure !== undefined) throw failure;
    const replies = this.completed.map(decodeReply);
    this.completed = [];
    return replies;
  }

  private fail(code: RpcProtocolError['code'], text: string, options?: ErrorOptions): void {
    this.failures.push(new RpcProtocolError(code, text, options));
  }
}

/** In one line: the parser takes an end of a line only where both of its characters are. */
function shown(error: Error): string {
  return error.message.slice(0, SHOWN_ERROR_CHARACTERS).replace(/[\r\n]/g, ' ');
}
