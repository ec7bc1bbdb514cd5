/**
 * Reads the requests of one connection from its bytes, as they come: the strict request reader of
 * clients' connections with the limits of peers, and the codec behind it.
 *
 * Knows no sockets. Whatever is wrong becomes an `RpcProtocolError`, after which the reader is
 * spent and its connection must go.
 */
import { MAX_BULK_BYTES } from '../resp/limits.js';
import { RequestReader } from '../resp/request-reader.js';
import { decodeRequest } from './codec.js';
import { MAX_REQUEST_ARGUMENTS, MAX_REQUEST_BYTES } from './limits.js';
import type { Request } from './messages.js';
import { RpcProtocolError } from './rpc-protocol-error.js';

export class RequestFrames {
  private readonly reader: RequestReader;

  constructor(maxRequestBytes = MAX_REQUEST_BYTES) {
    this.reader = new RequestReader({
      maxBulkBytes: Math.min(maxRequestBytes, MAX_BULK_BYTES),
      maxKeptArgs: MAX_REQUEST_ARGUMENTS,
      maxKeptBulkBytes: maxRequestBytes,
      maxKeptRequestBytes: maxRequestBytes,
      inline: false,
    });
  }

  /** The requests that this chunk completes. */
  push(chunk: Buffer): Request[] {
    this.reader.push(chunk);
    const requests: Request[] = [];
    for (let item = this.reader.next(); item !== null; item = this.reader.next()) {
      if (item.type === 'violation') throw new RpcProtocolError('framing', item.text);
      if (item.excess !== null) {
        throw new RpcProtocolError('too-long', `a request with too many ${item.excess}`);
      }
      requests.push(decodeRequest(item.args));
    }
    return requests;
  }
}
