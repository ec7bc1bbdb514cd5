/**
 * Every bound of the client side, with the reason for its size. Knows nothing of configuration
 * files: the shell fills a `SessionLimits` from its settings, tests make small ones.
 */

/**
 * Redis's `PROTO_INLINE_MAX_SIZE`: an inline command or a length line that is longer is refused.
 */
export const MAX_LINE_BYTES = 65_536;

/** Redis's `proto-max-bulk-len` default. */
export const MAX_BULK_BYTES = 536_870_912;

/** Names, options, patterns, passwords: a longer one is none. */
export const MAX_WORD_BYTES = 65_536;

/** Largest array count that Redis accepts (INT_MAX). */
export const MAX_MULTIBULK_COUNT = 2_147_483_647;

/** What a client may send before it has authenticated, as in Redis. */
export const UNAUTHENTICATED_MAX_ARGS = 10;
export const UNAUTHENTICATED_MAX_BULK_BYTES = 16_384;

/** Charged for each argument beside its bytes: a million empty ones cost memory too. */
export const ARGUMENT_OVERHEAD_BYTES = 64;

/** Bytes that may wait unparsed behind a held command before the socket is no longer read. */
export const MAX_UNPARSED_BYTES = 262_144;

/**
 * Bytes of replies that one connection may be given in one turn without the store, sent or not: a
 * chunk of 64 KB holds thousands of INFOs, and everybody else would wait until all are answered.
 */
export const TURN_REPLY_BYTES = 16_384;

/** Words that one value may be split into in `lab` format; beyond, the reply is an error. */
export const MAX_LAB_WORDS = 1_048_576;

/** Client names and library names are for people; they are listed for every client. */
export const MAX_CLIENT_NAME_BYTES = 512;

/**
 * Until replies have shown what this connection's reads bring, each is taken to bring this share of
 * `maxReplyBytes`, so that the first burst of reads cannot fetch gigabytes for a slow reader.
 */
export const FIRST_READ_WINDOW = 16;

/**
 * Later each is taken to bring at least this share, however little earlier ones brought: a client
 * that reads small values first would else be let go a thousand reads of large ones at once, and
 * every other client would wait for what it never takes.
 */
export const LARGEST_READ_WINDOW = 64;

/** What a request reader keeps and what it refuses. */
export interface ReaderLimits {
  /** A longer bulk string is a protocol error. */
  readonly maxBulkBytes: number;
  /**
   * A request beyond one of these is read to its end, so that the connection can go on, but none of
   * it is kept; it is delivered with `excess` set.
   */
  readonly maxKeptArgs: number;
  readonly maxKeptBulkBytes: number;
  readonly maxKeptRequestBytes: number;
  /** Whether commands without RESP framing are understood. */
  readonly inline: boolean;
}

export interface SessionLimits {
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  readonly maxRequestArgs: number;
  readonly maxRequestBytes: number;
  /** Requests that were read and not yet answered; more wait unread. */
  readonly maxInFlight: number;
  /** Bytes of such requests; a single larger one is let through alone. */
  readonly maxInFlightBytes: number;
  /** Replies that wait for the client to read them; beyond, nothing more is read from it. */
  readonly maxReplyBytes: number;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  maxKeyBytes: 65_536,
  maxValueBytes: MAX_BULK_BYTES,
  maxRequestArgs: 1_048_576,
  maxRequestBytes: 1_073_741_824,
  maxInFlight: 1024,
  maxInFlightBytes: 67_108_864,
  maxReplyBytes: 8_388_608,
};

/** Names of the settings behind the limits, as error texts give them to people. */
export const LIMIT_SETTINGS = {
  maxKeyBytes: 'max_key_bytes',
  maxValueBytes: 'max_value_bytes',
  maxRequestArgs: 'max_request_args',
  maxRequestBytes: 'max_request_bytes',
} as const;

export function readerLimits(limits: SessionLimits): ReaderLimits {
  return {
    maxBulkBytes: MAX_BULK_BYTES,
    maxKeptArgs: limits.maxRequestArgs,
    // Not only values are bulk strings: names and patterns must get through to be answered.
    maxKeptBulkBytes: Math.max(limits.maxValueBytes, limits.maxKeyBytes, MAX_LINE_BYTES),
    maxKeptRequestBytes: limits.maxRequestBytes,
    inline: true,
  };
}
