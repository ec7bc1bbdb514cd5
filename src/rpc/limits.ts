/**
 * Limits of one frame between processes. What can be sliced (payloads, values, snapshots) is sliced
 * by the machines long before these bounds, see `base/limits.ts`; these only end a connection whose
 * other side does not keep to the protocol.
 */
import { DELTA_BYTES, INLINE_PAYLOAD_BYTES } from '../base/limits.js';
import { assert } from '../base/assert.js';
import { ID_BYTES } from '../wal/format.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Bytes of one request with an overhead for each argument. The largest is a `read` that carries all
 * keys of one client command: beyond this lies no setting of `max_request_bytes`.
 */
export const MAX_REQUEST_BYTES = 5 * 1024 * MIB;

/** Arguments of one request: the keys of one client command, and the other fields. */
export const MAX_REQUEST_ARGUMENTS = 1_048_576 + 16;

/**
 * Bytes of one reply. The largest is a `value`: one length, of up to ten digits, for each of a
 * million keys, before the first slice of data.
 */
export const MAX_REPLY_BYTES = 32 * MIB;

/**
 * The greatest number on the wire. Epochs, transactions and views are logged by who receives them,
 * and a record of the log holds 48 bits: beyond that a peer is refused, instead of its receiver
 * failing when it writes.
 */
export const MAX_NUMBER = 2 ** 48 - 1;

/** Bytes of a cluster id, which its receiver may write into its own log; so long is ours too. */
export const MAX_IDENTITY_BYTES = ID_BYTES;

/** Bytes of a key, or of a word of the protocol: no text can hold all that a frame can. */
export const MAX_LATIN1_BYTES = 64 * MIB;

/** Bytes of an address, a digest, a name. */
export const MAX_TEXT_BYTES = 512;

/** Bytes of a sentence for people. A longer one is cut by its sender, never refused. */
export const MAX_PROSE_BYTES = 6 * KIB;

/** Bytes that a connection may receive before its handshake has ended with `proved`. */
export const MAX_UNPROVED_BYTES = 64 * KIB;

assert(MAX_REPLY_BYTES >= 2 * DELTA_BYTES, 'a delta fits into a reply');
assert(MAX_REQUEST_BYTES >= 2 * INLINE_PAYLOAD_BYTES, 'an inline payload fits into a request');
