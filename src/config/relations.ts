/**
 * Settings that are fine one by one and make no sense together. Each rule holds for the defaults,
 * so at least one side of a broken rule stands in the file, and its line is named.
 */
import { ConfigError } from './config-error.js';
import type { Role } from './config.js';
import { type Field, type Setting, type Settings, SETTINGS } from './settings.js';

type Subject = Settings & {
  readonly role: Role;
  readonly fileName: string;
  readonly participants: readonly unknown[];
};

interface Rule {
  /** The setting that is probably wrong first. */
  readonly fields: readonly [Field, ...Field[]];
  readonly role?: Role;
  holds(subject: Subject): boolean;
  readonly reason: string;
}

const RULES: readonly Rule[] = [
  {
    fields: ['failureTimeoutMs', 'heartbeatIntervalMs'],
    holds: (c) => c.failureTimeoutMs > 2 * c.heartbeatIntervalMs,
    reason:
      'must be more than two times heartbeat_interval, or one lost answer removes a participant',
  },
  {
    fields: ['requestTimeoutMs', 'failureTimeoutMs'],
    role: 'coordinator',
    holds: (c) => c.requestTimeoutMs > c.failureTimeoutMs,
    reason:
      'must be more than failure_timeout, or requests fail before a failed participant is out',
  },
  {
    fields: ['recoveryWaitMs', 'requestTimeoutMs'],
    role: 'coordinator',
    holds: (c) => c.recoveryWaitMs <= c.requestTimeoutMs,
    reason: 'must not be more than request_timeout',
  },
  {
    fields: ['minParticipants'],
    role: 'coordinator',
    holds: (c) => c.minParticipants <= c.participants.length,
    reason: 'is more than there are participants in this file, so that no write could succeed',
  },
  {
    fields: ['maxRequestBytes', 'maxValueBytes', 'maxKeyBytes'],
    role: 'coordinator',
    holds: (c) => c.maxRequestBytes > c.maxValueBytes + c.maxKeyBytes,
    reason: 'must be more than max_value_bytes and max_key_bytes together',
  },
  {
    fields: ['maxRequestsInFlightPerClient', 'maxRequestsInFlight'],
    role: 'coordinator',
    holds: (c) => c.maxRequestsInFlightPerClient <= c.maxRequestsInFlight,
    reason: 'must not be more than max_requests_in_flight',
  },
];

export function refuseContradictions(
  subject: Subject,
  lineOf: (key: string) => number | null,
): void {
  for (const rule of RULES) {
    if (rule.role !== undefined && rule.role !== subject.role) continue;
    if (rule.holds(subject)) continue;
    const keys = rule.fields.map((field) => SETTINGS[field].key);
    const [first = ''] = keys;
    const key = keys.find((each) => lineOf(each) !== null) ?? first;
    const values = rule.fields.map((field) => shown(subject, field)).join(', ');
    const sentence = key === first ? rule.reason : `${first} ${rule.reason}`;
    throw new ConfigError(subject.fileName, lineOf(key), key, `${sentence} (${values})`);
  }
}

function shown<F extends Field>(subject: Subject, field: F): string {
  const { key, type } = SETTINGS[field] as Setting<Settings[F]>;
  return `${key} is ${type.print(subject[field])}`;
}
