/**
 * The one table of settings. Whatever a process can be told beside its mode and the addresses is a
 * row here; `--check`, error messages, the README's table and the `Config` type follow from it.
 *
 * A row's field name carries the unit, its key does not, since values are written with one.
 */
import {
  choice,
  count,
  duration,
  GB,
  KB,
  MB,
  optional,
  size,
  text,
  type ValueType,
} from './values.js';

export interface Settings {
  readonly dataDir: string;
  readonly bind: string | null;
  readonly replyFormat: 'redis' | 'lab' | 'auto';
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly logFormat: 'text' | 'json';
  readonly requirepass: string | null;
  readonly clusterSecret: string | null;
  readonly heartbeatIntervalMs: number;
  readonly failureTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly recoveryWaitMs: number;
  readonly minParticipants: number;
  readonly maxClients: number;
  readonly maxRequestBytes: number;
  readonly maxRequestArgs: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  readonly maxPendingReplyBytes: number;
  readonly maxRequestsInFlightPerClient: number;
  readonly maxBytesInFlightPerClient: number;
  readonly maxRequestsInFlight: number;
  readonly maxMemoryBytes: number;
  readonly maxKeys: number;
  readonly segmentBytes: number;
  readonly segmentRecords: number;
  readonly snapshotAfterBytes: number;
  readonly snapshotAfterRecords: number;
  readonly deltaMemoryBytes: number;
}

export type Field = keyof Settings;

export interface Setting<T> {
  readonly key: string;
  readonly type: ValueType<T>;
  /** `machine`: computed from the machine's memory, see `machine-facts.ts`. */
  readonly standard: T | typeof FROM_MACHINE;
  readonly secret?: true;
  readonly roles: 'coordinator' | 'participant' | 'both';
  /** One sentence for people who set it. */
  readonly help: string;
}

export const FROM_MACHINE = Symbol('from machine');

export const MAX_PARTICIPANTS = 128;
/** A JavaScript Map ends at 2^24 entries; the rest is room for what is prepared and not applied. */
const KEYS_LIMIT = 2 ** 24 - 2 ** 16;
const MAX_TEXT_LENGTH = 1024;
const DAY_MS = 24 * 3600 * 1000;
/** What one Buffer holds on every supported release of Node, with room for its surroundings. */
const MAX_BUFFER_BYTES = 2 * GB;
const MAX_MEMORY_BYTES = 1024 * GB;

const secretText = optional(text('text', MAX_TEXT_LENGTH));

export const SETTINGS: { readonly [F in Field]: Setting<Settings[F]> } = {
  dataDir: {
    key: 'data_dir',
    type: text('a folder', MAX_TEXT_LENGTH),
    standard: 'data',
    roles: 'both',
    help: 'Folder for the logs, seen from the configuration file; each role and address has a folder of its own in it.',
  },
  bind: {
    key: 'bind',
    type: optional(text('a host or an address', MAX_TEXT_LENGTH)),
    standard: null,
    roles: 'both',
    help: 'Address to listen on where it is not the announced one, such as 0.0.0.0 in a container.',
  },
  replyFormat: {
    key: 'reply_format',
    type: choice('redis', 'lab', 'auto'),
    standard: 'auto',
    roles: 'coordinator',
    help: 'How replies look: as in Redis, as in the course, or as in the course until a client introduces itself as Redis clients do. Participants always answer as Redis does.',
  },
  logLevel: {
    key: 'log_level',
    type: choice('error', 'warn', 'info', 'debug'),
    standard: 'info',
    roles: 'both',
    help: 'The least important events that are still printed.',
  },
  logFormat: {
    key: 'log_format',
    type: choice('text', 'json'),
    standard: 'text',
    roles: 'both',
    help: 'How events are printed: for people, or one JSON object a line.',
  },
  requirepass: {
    key: 'requirepass',
    type: secretText,
    standard: null,
    secret: true,
    roles: 'both',
    help: 'Password that clients must give with AUTH or HELLO; none is asked for without it.',
  },
  clusterSecret: {
    key: 'cluster_secret',
    type: secretText,
    standard: null,
    secret: true,
    roles: 'both',
    help: 'Secret that the processes of one cluster prove to each other and never send; the same in every file.',
  },
  heartbeatIntervalMs: {
    key: 'heartbeat_interval',
    type: duration(10, 60_000),
    standard: 200,
    roles: 'both',
    help: 'How often the coordinator asks each participant whether it lives.',
  },
  failureTimeoutMs: {
    key: 'failure_timeout',
    type: duration(50, 600_000),
    standard: 1000,
    roles: 'both',
    help: 'A participant that answers nothing for this long (nine tenths of it if its connection is lost) is suspected, and leaves the view when a write needs that.',
  },
  requestTimeoutMs: {
    key: 'request_timeout',
    type: duration(100, DAY_MS),
    standard: 2200,
    roles: 'coordinator',
    help: 'Requests with values up to 1 MB are answered after this time at the latest, with an error if need be.',
  },
  recoveryWaitMs: {
    key: 'recovery_wait',
    type: duration(1, DAY_MS),
    standard: 1500,
    roles: 'coordinator',
    help: 'How long requests wait for recovery, or for the first view, before they get an error that says what is awaited; this counts as part of `request_timeout`.',
  },
  minParticipants: {
    key: 'min_participants',
    type: count(1, MAX_PARTICIPANTS),
    standard: 1,
    roles: 'coordinator',
    help: 'Writes are refused while fewer participants than this are in the view.',
  },
  maxClients: {
    key: 'max_clients',
    type: count(1, 1_000_000),
    standard: 10_000,
    roles: 'both',
    help: 'Connections of clients at a time.',
  },
  maxRequestBytes: {
    key: 'max_request_bytes',
    type: size(4 * KB, MAX_BUFFER_BYTES),
    standard: GB,
    roles: 'both',
    help: 'Bytes of one request with all its arguments.',
  },
  maxRequestArgs: {
    key: 'max_request_args',
    type: count(16, 16 * MB),
    standard: MB,
    roles: 'both',
    help: 'Arguments of one request, the name of the command among them.',
  },
  maxKeyBytes: {
    key: 'max_key_bytes',
    type: size(16, 16 * MB),
    standard: 64 * KB,
    roles: 'both',
    help: 'Bytes of one key.',
  },
  maxValueBytes: {
    key: 'max_value_bytes',
    type: size(16, 512 * MB),
    standard: 512 * MB,
    roles: 'both',
    help: 'Bytes of one value.',
  },
  maxPendingReplyBytes: {
    key: 'max_pending_reply_bytes',
    type: size(4 * KB, MAX_BUFFER_BYTES),
    standard: 8 * MB,
    roles: 'both',
    help: 'A client with more unread replies than this is not read from until it has read them.',
  },
  maxRequestsInFlightPerClient: {
    key: 'max_requests_in_flight_per_client',
    type: count(1, 1_000_000),
    standard: 1024,
    roles: 'both',
    help: 'Unanswered requests of one client; it is not read from beyond that.',
  },
  maxBytesInFlightPerClient: {
    key: 'max_bytes_in_flight_per_client',
    type: size(4 * KB, MAX_BUFFER_BYTES),
    standard: 64 * MB,
    roles: 'both',
    help: 'Bytes of unanswered requests of one client; it is not read from beyond that, though one larger request may stand alone.',
  },
  maxRequestsInFlight: {
    key: 'max_requests_in_flight',
    type: count(1, 10_000_000),
    standard: 65_536,
    roles: 'coordinator',
    help: 'Unanswered requests of all clients together; one more gets an error at once and is not executed.',
  },
  maxMemoryBytes: {
    key: 'max_memory',
    type: size(MB, MAX_MEMORY_BYTES),
    standard: FROM_MACHINE,
    roles: 'both',
    help: 'Bytes of the stored keys and values with their overhead; beyond it writes get `-OOM`, while GET and DEL go on.',
  },
  maxKeys: {
    key: 'max_keys',
    type: count(1, KEYS_LIMIT),
    standard: 16_000_000,
    roles: 'both',
    help: 'Number of stored keys; beyond it SET and MSET get `-OOM`, of keys that exist too, while GET and DEL go on.',
  },
  segmentBytes: {
    key: 'segment_bytes',
    type: size(4 * KB, GB),
    standard: 64 * MB,
    roles: 'both',
    help: 'A file of the log is followed by the next one when it has grown to this size.',
  },
  segmentRecords: {
    key: 'segment_records',
    type: count(16, 100_000_000),
    standard: 1_000_000,
    roles: 'both',
    help: 'A file of the log is followed by the next one when it holds this many records.',
  },
  snapshotAfterBytes: {
    key: 'snapshot_after_bytes',
    type: size(4 * KB, MAX_MEMORY_BYTES),
    standard: 256 * MB,
    roles: 'both',
    help: 'A snapshot replaces the log when the log has grown by this much since the last one.',
  },
  snapshotAfterRecords: {
    key: 'snapshot_after_records',
    type: count(16, 100_000_000),
    standard: 1_000_000,
    roles: 'both',
    help: 'A snapshot replaces the log when the log has grown by this many records since the last one.',
  },
  deltaMemoryBytes: {
    key: 'delta_memory',
    type: size(64 * KB, 16 * GB),
    standard: 64 * MB,
    roles: 'participant',
    help: 'Recent transactions kept in memory, so that a participant that was away briefly can catch up without a snapshot.',
  },
};

/** In the order of the table. */
export const FIELDS = Object.keys(SETTINGS) as readonly Field[];

/** The default as people read it. */
export function standardText<F extends Field>(field: F): string {
  const { standard, type } = SETTINGS[field] as Setting<Settings[F]>;
  if (standard === FROM_MACHINE) return 'from the memory of the machine';
  return standard === null ? 'none' : type.print(standard);
}

/** The README's table. */
export function settingsTableMarkdown(): string {
  const rows = FIELDS.map((field) => {
    const { key, type, roles, help } = SETTINGS[field];
    const cells = [`\`${key}\``, standardText(field), type.describe, roles, help];
    return `| ${cells.join(' | ')} |`;
  });
  const head = [
    '| Setting | Default | Values | Used by | Meaning |',
    '| --- | --- | --- | --- | --- |',
  ];
  return [...head, ...rows].join('\n');
}
