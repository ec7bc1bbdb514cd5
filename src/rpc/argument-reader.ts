/**
 * Hands out the arguments of one received message in order and words the errors about them.
 *
 * Knows nothing of types. Invariant: whatever goes wrong is an `RpcProtocolError` that names the
 * message and the field; nothing is ever handed out twice, and `end` proves that nothing is left.
 */
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
    private readonly args: readonly Buffer[],
    readonly copies: boolean,
  ) {}

  take(): Buffer {
    const argument = this.args[this.next];
    if (argument === undefined) this.fail('arguments', 'is missing');
    this.next += 1;
    return argument;
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
