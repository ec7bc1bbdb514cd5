/**
 * Requests as bytes that are made once: a template for each operation, of which only the digits of
 * the keys change. A connection that always sends the same operations sends the same buffer again
 * and again, so a value of a megabyte is not copied for each request.
 */
import { request } from '../../tests/helpers/one-shot.js';
import { type LoadSpec, type Operation, WAIT_REPLICAS, WAIT_TIMEOUT_MS } from './load-spec.js';

const KEY_DIGITS = 12;
const KEY_PREFIX = 'key:';
const MARKED_KEY = KEY_PREFIX + '#'.repeat(KEY_DIGITS);
const DIGIT_ZERO = 0x30;

export class Template {
  readonly bytes: Buffer;
  /** Where in it the digits of each key begin. */
  readonly keysAt: readonly number[];

  constructor(operation: Operation, valueBytes: number, pairs: number) {
    this.bytes = templateBytes(operation, Buffer.alloc(valueBytes, 'v'), pairs);
    const found: number[] = [];
    for (let at = this.bytes.indexOf(MARKED_KEY); at >= 0;) {
      found.push(at + KEY_PREFIX.length);
      at = this.bytes.indexOf(MARKED_KEY, at + 1);
    }
    this.keysAt = found;
  }
}

function templateBytes(operation: Operation, value: Buffer, pairs: number): Buffer {
  switch (operation) {
    case 'set':
      return request('SET', MARKED_KEY, value);
    case 'get':
      return request('GET', MARKED_KEY);
    case 'del':
      return request('DEL', MARKED_KEY);
    case 'mset':
      return request('MSET', ...Array.from({ length: pairs }, () => [MARKED_KEY, value]).flat());
    case 'setThenWait': {
      const wait = request('WAIT', String(WAIT_REPLICAS), String(WAIT_TIMEOUT_MS));
      return Buffer.concat([request('SET', MARKED_KEY, value), wait]);
    }
  }
}

/** Numbers of keys, and which operation comes next. Chance with a seed, so runs are alike. */
export class KeyChooser {
  private seed: number;
  private next = 0;

  constructor(
    private readonly spec: Pick<LoadSpec, 'keys' | 'order'>,
    seed: number,
  ) {
    this.seed = (seed * 0x9e3779b1) >>> 0;
  }

  key(): number {
    if (this.spec.order === 'random') return this.below(this.spec.keys);
    const key = this.next;
    this.next = (key + 1) % this.spec.keys;
    return key;
  }

  below(bound: number): number {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.seed / 0x1_0000_0000) * bound);
  }
}

export function writeDigits(target: Buffer, at: number, key: number): void {
  let rest = key;
  for (let digit = at + KEY_DIGITS - 1; digit >= at; digit -= 1) {
    const tenth = Math.floor(rest / 10);
    target[digit] = DIGIT_ZERO + rest - tenth * 10;
    rest = tenth;
  }
}

export class RequestBatch {
  private readonly templates: readonly Template[];
  private readonly buffer: Buffer;
  private readonly keysAt: number[] = [];
  private readonly isFixed: boolean;

  /** All connections share one chooser, so that sequential keys are written once each. */
  constructor(
    spec: LoadSpec,
    private readonly chooser: KeyChooser,
    private readonly count: number,
  ) {
    const { operations, valueBytes, pairs } = spec;
    this.templates = operations.map((each) => new Template(each, valueBytes, pairs));
    this.isFixed = operations.length === 1;
    const largest = Math.max(...this.templates.map(({ bytes }) => bytes.length));
    this.buffer = Buffer.allocUnsafeSlow(largest * count);
    if (this.isFixed) this.layOut();
  }

  /** The bytes are overwritten by the next call: they must have been sent by then. */
  fill(): Buffer {
    const length = this.isFixed ? this.buffer.length : this.layOut();
    for (const at of this.keysAt) writeDigits(this.buffer, at, this.chooser.key());
    return this.buffer.subarray(0, length);
  }

  private layOut(): number {
    let at = 0;
    this.keysAt.length = 0;
    for (let number = 0; number < this.count; number += 1) {
      const index = this.isFixed ? 0 : this.chooser.below(this.templates.length);
      const template = this.templates[index];
      if (template === undefined) throw new Error('a load needs an operation');
      template.bytes.copy(this.buffer, at);
      for (const key of template.keysAt) this.keysAt.push(at + key);
      at += template.bytes.length;
    }
    return at;
  }
}
