/**
 * A machine as text: equal texts mean machines that behave alike from here on.
 *
 * Walks the whole object graph of a machine. Times are written relative to the machine's clock, and
 * alike when they lie further back than any timeout reaches; numbers of records (`lsn`) relative to
 * the newest synced one, and alike when they are synced. Left out is only what has no influence on
 * what the machine does later (`without-influence.ts`), and the order in which some collections
 * were filled: of what they hold, only a highest one, all of it, or one by its name is looked for.
 * Actions behind the gate are closures; each is written as its source and a label that tells what
 * it has captured (`labelOf`), given when it was queued. `soundness.ts` checks all of this against
 * the machines themselves.
 */
import { SyncGate } from '../../src/base/sync-gate.js';
import { Channel } from '../../src/coordinator/channel.js';
import { Peer } from '../../src/coordinator/peer.js';
import { Participant } from '../../src/participant/machine.js';
import { Table } from '../../src/storage/table.js';
import { isStartOver, withoutInfluence } from './without-influence.js';

/** No timeout is longer, nor does anything depend on which of two longer times it is. */
const LONGEST_MS = 3000;

/** Failed dials after which the pause does not grow any more. */
const MOST_FAILURES = 8;

/** Collections of which nothing depends on the order in which they were filled. */
const UNORDERED = new Set([
  ...['votes', 'done', 'acknowledged', 'suspected'],
  ...['heardOf', 'statuses', 'heard', 'marked'],
]);

/** Plain values of which some code asks whether two are the very same. */
const COMPARED = new Set(['latest', 'installed', 'announced', 'toldView']);

const TIME = /(?:At|deadline|until|Since)$/;

const times = new Map<string, boolean>();

function isTime(key: string): boolean {
  let known = times.get(key);
  if (known === undefined) {
    known = TIME.test(key);
    times.set(key, known);
  }
  return known;
}

export type LabelOf = (action: () => void) => string;

export function canonical(machine: object, now: number, labelOf: LabelOf): string {
  const synced = machine instanceof Participant ? machine.core.gate.synced : 0;
  const writer = new Writer(machine, now, synced, labelOf);
  writer.write(machine, '');
  return writer.text;
}

class Writer {
  text = '';
  private readonly seen = new Map<object, number>();

  constructor(
    private readonly machine: object,
    private readonly now: number,
    private readonly synced: number,
    private readonly labelOf: LabelOf,
  ) {}

  write(value: unknown, key: string): void {
    if (typeof value === 'number') this.text += ` ${this.numberText(value, key)}`;
    else if (typeof value === 'string') this.text += `:${value.length}:${value}`;
    else if (typeof value === 'function') this.text += ' f';
    else if (typeof value === 'object' && value !== null) this.object(value, key);
    else this.text += ` ${String(value)}`;
  }

  private numberText(value: number, key: string): string {
    if (key === 'lsn') return String(Math.max(0, value - this.synced));
    if (!isTime(key) || !Number.isFinite(value)) return String(value);
    return `t${Math.max(-LONGEST_MS, value - this.now)}`;
  }

  private object(value: object, key: string): void {
    if (Buffer.isBuffer(value)) {
      this.text += `b${value.length}:${value.toString('latin1')}`;
    } else if (value instanceof Uint8Array || value instanceof Float64Array) {
      this.text += `n${value.length}:${withoutZeros(value).join()}`;
    } else if (Array.isArray(value)) {
      this.text += '[';
      for (const item of value) this.item(item, '');
      this.text += ']';
    } else if (value instanceof Map || value instanceof Set) {
      this.collection(value, key);
    } else if (Object.getPrototypeOf(value) === Object.prototype && !COMPARED.has(key)) {
      this.fields(value, []);
    } else {
      this.instance(value);
    }
  }

  private item(value: unknown, key: string): void {
    this.write(value, key);
    this.text += ',';
  }

  private instance(value: object): void {
    const known = this.seen.get(value);
    if (known !== undefined) {
      this.text += value instanceof Peer ? `@${value.address}` : `@${known}`;
      return;
    }
    this.seen.set(value, this.seen.size);
    if (value instanceof SyncGate) this.gate(value);
    else if (value instanceof Table) this.table(value);
    else if (value instanceof Channel) this.channel(value);
    else if (Object.prototype.toString.call(value) === '[object Generator]') this.text += 'g';
    else {
      if (Object.getPrototypeOf(value) !== Object.prototype) this.text += value.constructor.name;
      this.fields(value, withoutInfluence(this.machine, value));
    }
  }

  private fields(value: object, skipped: readonly string[]): void {
    this.text += '{';
    for (const key of Object.keys(value)) {
      if (skipped.includes(key)) continue;
      this.text += key;
      this.item((value as Readonly<Record<string, unknown>>)[key], key);
    }
    this.text += '}';
  }

  private collection(value: Map<unknown, unknown> | Set<unknown>, key: string): void {
    const texts: string[] = [];
    const before = this.text;
    const isNamesOnly = key === 'heardOf' && isStartOver(this.machine);
    for (const [name, item] of value.entries()) {
      this.text = '';
      this.item(name, '');
      if (value instanceof Map && !isNamesOnly) this.item(item, key === 'byTxid' ? 'votes' : '');
      texts.push(this.text);
    }
    if (UNORDERED.has(key)) texts.sort();
    this.text = `${before}(${texts.join('')})`;
  }

  private gate(gate: SyncGate): void {
    const waiting = (gate as unknown as { waiting: { lsn: number; action: () => void }[] }).waiting;
    const texts = waiting.map(({ lsn, action }) => `${lsn - gate.synced} ${this.labelOf(action)}`);
    this.text += `gate(${gate.appended - gate.synced};${texts.join(';')})`;
  }

  private table(table: Table): void {
    this.text += `table(${table.digest()} ${table.size} ${table.bytes})`;
  }

  private channel(channel: Channel): void {
    const { dial, state, nonce, retryAt, sinceAt, failures, isAgain, purpose } = channel;
    this.text += `channel(${dial !== null} ${isAgain} ${state} ${nonce} `;
    this.text += `${Math.min(failures, MOST_FAILURES)} `;
    // When it was refused last no longer matters once it is dialled.
    this.text += state === 'idle' ? this.numberText(retryAt, 'retryAt') : '';
    // Of an open data connection nobody asks, nor of one that there is not.
    const isDated = state !== 'idle' && (state !== 'open' || purpose === 'heartbeat');
    this.text += isDated ? ` ${this.numberText(sinceAt, 'sinceAt')})` : ')';
  }
}

/** Without those at its end, which are most of a block of outcomes. */
function withoutZeros(numbers: Uint8Array | Float64Array): Uint8Array | Float64Array {
  let { length } = numbers;
  while (length > 0 && numbers[length - 1] === 0) length -= 1;
  return numbers.subarray(0, length);
}
