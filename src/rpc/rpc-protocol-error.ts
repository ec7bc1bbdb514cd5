/**
 * What is wrong with bytes that a peer sent. Never thrown for what we ourselves encode: that is a
 * programmer error and an assertion. The text names the message and the field, never their content,
 * because a content may be a client's data or a proof.
 */

/**
 * `framing`: not the RESP that is expected here; `too-long`: beyond a limit; `unknown-message`: a
 * name that nobody defined; `arguments`: too few or too many; `malformed`: a field that does not
 * say what its type says; `error-reply`: the peer answered with a Redis error, so it is no peer.
 */
export type RpcProtocolErrorCode =
  | 'framing'
  | 'too-long'
  | 'unknown-message'
  | 'arguments'
  | 'malformed'
  | 'error-reply';

export class RpcProtocolError extends Error {
  override readonly name = 'RpcProtocolError';
  constructor(
    readonly code: RpcProtocolErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
