/**
 * Who watches a simulated cluster, and in which words: everything that a process does is one short
 * phrase without times, so that a transcript stays the same when only delays change, and so that a
 * test can have a process die at the n-th of them.
 */
import type { Bytes } from '../../src/base/bytes.js';
import type { StoreReply } from '../../src/base/store-request.js';
import type { ClientRef } from '../../src/coordinator/ready.js';
import type { TraceFields, TraceLevel } from '../../src/ports/trace.js';

export interface SimObserver {
  readonly delivered?: (from: string, to: string, message: unknown) => void;
  /** Called before the effect is carried out (after an append). */
  readonly effect?: (who: string, effect: string) => void;
  readonly replied?: (who: string, client: ClientRef, reply: StoreReply) => void;
  readonly event?: (who: string, level: TraceLevel, text: string, fields?: TraceFields) => void;
  readonly exited?: (who: string, reason: string) => void;
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields that tell one message or record of a type from another. */
const TOLD: Readonly<Record<string, (fields: Fields) => string>> = {
  prepare: (m) => `${text(m['epoch'])}:${text(m['txid'])} view ${text(m['view'])}`,
  prepared: (m) => `${text(m['epoch'])}:${text(m['txid'])}`,
  commit: (m) => `${text(m['epoch'])}:${text(m['txid'])}`,
  abort: (m) => `${text(m['epoch'])}:${text(m['txid'])}`,
  outcome: (m) =>
    `${text(m['epoch'])}:${text(m['txid'])} ${m['commit'] === true ? 'commit' : 'abort'}`,
  vote: (m) => {
    const reason = m['reason'] === '' ? '' : ` (${text(m['reason'])})`;
    return `${text(m['epoch'])}:${text(m['txid'])} ${text(m['vote'])}${reason}`;
  },
  done: (m) => `${text(m['epoch'])}:${text(m['txid'])}`,
  view: (m) => describeView(m['view']),
  viewed: (m) => text(m['number']),
  epoch: (m) => epochNumber(m['epoch']),
  fence: (m) => `epoch ${epochNumber(m['epoch'])}`,
  fenced: (m) => describeStatus(m['status']),
  status: (m) => describeStatus(m['status']),
  refused: (m) => `${text(m['code'])}: ${text(m['text'])}`,
  read: (m) => `${text(m['op'])} ${list(m['keys'])}`.trim(),
  unreadable: (m) => text(m['reason']),
  catchUp: (m) => `from ${text(m['donorAddress'])}${m['fresh'] === true ? ' fresh' : ''}`,
  caughtUp: (m) =>
    m['ok'] === true ? `${text(m['how'])} to ${txidOf(m['position'])}` : text(m['reason']),
  fetch: (m) => `after ${txidOf(m['position'])}`,
  delta: (m) => `${text(m['verdict'])} ${Array.isArray(m['entries']) ? m['entries'].length : 0}`,
  pieced: (m) => `${text(m['have'])}${m['refusal'] === '' ? '' : ` (${text(m['refusal'])})`}`,
  piece: (m) => `${text(m['offset'])}/${text(m['total'])}`,
  tail: (m) => text(m['txid']),
  void: (m) => text(m['txid']),
  reset: (m) => text(m['txid']),
};

/** `send vote 1:1 yes`, `append prepared 1:1`, `reply ok`. */
export function describeEffect(verb: string, what?: object): string {
  return what === undefined ? verb : `${verb} ${describe(what)}`;
}

export function describe(what: object): string {
  const fields = what as Fields;
  const name = text(fields['type'] ?? fields['kind']);
  const told = TOLD[name]?.(fields) ?? '';
  return told === '' ? name : `${name} ${told}`;
}

export function describeReply(reply: StoreReply): string {
  switch (reply.type) {
    case 'ok':
      return 'OK';
    case 'count':
      return `(integer) ${reply.count}`;
    case 'values':
      return reply.values.map(describeValue).join(' ');
    case 'status':
      return reply.status;
    case 'error':
      return `(error) ${reply.code} ${reply.text}`;
  }
}

/** Long ones by their size. */
export function describeValue(value: Bytes | null | undefined): string {
  if (value === null || value === undefined) return '(nil)';
  return value.length > 40 ? `(${value.length} bytes)` : value.toString();
}

function describeView(view: unknown): string {
  if (!isFields(view)) return '';
  const members = Array.isArray(view['members']) ? (view['members'] as Fields[]) : [];
  const names = members.map((member) => text(member['address']).split(':')[0]);
  return `${text(view['number'])} {${names.join(' ')}}`;
}

function describeStatus(status: unknown): string {
  if (!isFields(status)) return '';
  const inDoubt = Array.isArray(status['inDoubt']) ? (status['inDoubt'] as Fields[]) : [];
  const doubts = inDoubt.map((held) => `${text(held['epoch'])}:${text(held['txid'])}`);
  const notes = [
    `epoch ${epochNumber(status['epoch'])}`,
    `resolved ${txidOf(status['resolved'])}`,
    doubts.length > 0 ? `in doubt ${doubts.join(' ')}` : '',
    status['empty'] === true ? 'empty' : '',
    status['fit'] === false ? 'unfit' : '',
    Number(status['tailFrom']) > 0 ? `tail uncertain from ${text(status['tailFrom'])}` : '',
  ];
  return notes.filter((note) => note !== '').join(', ');
}

function epochNumber(epoch: unknown): string {
  return isFields(epoch) ? text(epoch['number']) : text(epoch);
}

function txidOf(position: unknown): string {
  return isFields(position) ? text(position['txid']) : '';
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(text).join(' ') : '';
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
