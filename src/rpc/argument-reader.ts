/**
 * Hands out the arguments of one received message in order and words the errors about them.
 *
 * Knows nothing of types. Invariant: whatever goes wrong is an `RpcProtocolError` that names the
 * message and the field; nothing is ever handed out twice, and `end` proves that nothing is left.
 */
import type { Arguments } from '../resp/arguments.js';
import { canonicalInteger } from './decimal.js';
import { MAX_LATIN1_BYTES } from './limits.js';
import { RpcProtocolError, type RpcProtocolErrorCode } from './rpc-protocol-error.js';

export class ArgumentReader {
  /** Set by the record that is being read, for error texts only. */
  field = '';
  /** The first argument is the message's name. */
  private next = 1;

  /**
   * `copies`: bytes that are kept must be copied, because the arguments are slices of a buffer
   * that is far larger than they are.
   */
  constructor(
    private readonly message: string,
    private readonly args: Arguments,
    readonly copies: boolean,
  ) {}

  take(): Buffer {
    return this.args.bytes(this.pass());
  }

  /** As latin1. */
  takeText(): string {
    const index = this.pass();
    if (this.args.size(index) > MAX_LATIN1_BYTES) {
      this.fail('too-long', `over ${MAX_LATIN1_BYTES} bytes`);
    }
    return this.args.text(index);
  }

  /** NaN if it is no integer in its one spelling. */
  takeInteger(): number {
    const { args } = this;
    const index = this.pass();
    return canonicalInteger(args.source(index), args.start(index), args.end(index));
  }

  private pass(): number {
    const { next } = this;
    if (next >= this.args.length) this.fail('arguments', 'is missing');
    this.next = next + 1;
    return next;
  }

  end(): void {
    const left = this.args.length - this.next;
    if (left === 0) return;
    this.field = 'end';
    this.fail('arguments', `${left} arguments too many`);
  }

  malformed(what: string): never {
    this.fail('malformed', what);
  }

  fail(code: RpcProtocolErrorCode, what: string): never {
    throw new RpcProtocolError(code, `${this.message}, ${this.field}: ${what}`);
  }
}
