/**
 * A partial order in the making: which operations of a group are placed, in what sequence, and what
 * the keys hold behind them. Operations are placed one at a time and taken back in reverse.
 *
 * Keeps what the search asks for all the time: lists of the operations not yet placed, by their
 * `low`; how many reads and writers of each value are still to come; a hash and a bit row of the
 * whole state. A present value that no operation still to come reads is held as the key's "unread"
 * value: no reply can tell the two apart any more, so states that differ only there are one.
 */
import type { CompiledHistory } from './compiled-history.js';

export class Placement {
  /** Placed operations, in their sequence. */
  readonly sequence: number[] = [];
  /** What each key holds. */
  readonly state: Int32Array;
  readonly isPlaced: Uint8Array;
  readonly readsLeft: Int32Array;
  readonly writersLeft: Int32Array;
  /** Next in the list of mandatory or of optional operations; the heads are the two last items. */
  readonly next: Int32Array;
  readonly mandatoryHead: number;
  readonly optionalHead: number;
  mandatoryLeft = 0;
  hash = 0;
  /** Bits of placed operations, then the values of the group's keys. */
  row = new Int32Array(0);
  private readonly back: Int32Array;
  private readonly bitOf: Int32Array;
  private readonly rowOf: Int32Array;
  private readonly keyTrail: number[] = [];
  private readonly valueTrail: number[] = [];
  /** Length of the trails before each placed operation. */
  private readonly marks: number[] = [];
  /** By operation: a placement of fewer operations that does whatever this one does. */
  private mirrors: readonly (Placement | undefined)[] = [];

  constructor(private readonly history: CompiledHistory) {
    const count = history.operations.length;
    this.state = new Int32Array(history.keys.length);
    this.rowOf = new Int32Array(history.keys.length);
    this.isPlaced = new Uint8Array(count);
    this.bitOf = new Int32Array(count);
    this.readsLeft = new Int32Array(history.valueCount);
    this.writersLeft = new Int32Array(history.valueCount);
    this.next = new Int32Array(count + 2);
    this.back = new Int32Array(count + 2);
    this.mandatoryHead = count;
    this.optionalHead = count + 1;
  }

  /** Nothing is placed, and there are only these operations, by their `low`, and these keys. */
  begin(operations: readonly number[], keys: readonly number[]): void {
    const { history, mandatoryHead, optionalHead } = this;
    this.sequence.length = 0;
    this.keyTrail.length = 0;
    this.valueTrail.length = 0;
    this.marks.length = 0;
    this.hash = 0;
    this.mandatoryLeft = 0;
    const words = (operations.length + 31) >>> 5;
    this.row = new Int32Array(words + keys.length);
    keys.forEach((key, i) => {
      this.state[key] = key;
      this.rowOf[key] = words + i;
      this.row[words + i] = key;
    });
    for (const head of [mandatoryHead, optionalHead]) this.next[head] = this.back[head] = head;
    for (const op of operations) this.forEachValue(op, (counts, value) => (counts[value] = 0));
    operations.forEach((op, i) => {
      this.isPlaced[op] = 0;
      this.bitOf[op] = i;
      const isMandatory = history.isMandatory[op] === 1;
      if (isMandatory) this.mandatoryLeft += 1;
      this.append(isMandatory ? mandatoryHead : optionalHead, op);
      this.forEachValue(op, (counts, value) => (counts[value] = (counts[value] ?? 0) + 1));
    });
  }

  mirrorIn(mirrors: readonly (Placement | undefined)[]): void {
    this.mirrors = mirrors;
  }

  private append(head: number, op: number): void {
    const last = this.back[head] ?? 0;
    this.next[last] = op;
    this.back[op] = last;
    this.next[op] = head;
    this.back[head] = op;
  }

  private forEachValue(op: number, visit: (counts: Int32Array, value: number) => void): void {
    const reads = this.history.reads[op] ?? [];
    for (let at = 1; at < reads.length; at += 2) visit(this.readsLeft, reads[at] ?? 0);
    const writes = this.history.writes[op] ?? [];
    for (let at = 1; at < writes.length; at += 2) visit(this.writersLeft, writes[at] ?? 0);
  }

  place(op: number): void {
    const { history, next, back, readsLeft, writersLeft, state } = this;
    next[back[op] ?? 0] = next[op] ?? 0;
    back[next[op] ?? 0] = back[op] ?? 0;
    this.flip(op);
    this.sequence.push(op);
    this.marks.push(this.keyTrail.length);
    this.mirrors[op]?.place(op);
    const presentFrom = 2 * history.keys.length;
    const reads = history.reads[op] ?? [];
    for (let at = 0; at < reads.length; at += 2) {
      const key = reads[at] ?? 0;
      const value = reads[at + 1] ?? 0;
      const left = (readsLeft[value] ?? 0) - 1;
      readsLeft[value] = left;
      if (left === 0 && value >= presentFrom && state[key] === value) {
        this.hold(key, history.keys.length + key);
      }
    }
    const writes = history.writes[op] ?? [];
    for (let at = 0; at < writes.length; at += 2) {
      const key = writes[at] ?? 0;
      const value = writes[at + 1] ?? 0;
      writersLeft[value] = (writersLeft[value] ?? 0) - 1;
      const isUnread = value >= presentFrom && readsLeft[value] === 0;
      this.hold(key, isUnread ? history.keys.length + key : value);
    }
  }

  /** Takes back all but the first `length` operations. */
  takeBack(length: number): void {
    while (this.sequence.length > length) this.takeBackLast();
  }

  private takeBackLast(): void {
    const { history, next, back, readsLeft, writersLeft } = this;
    const op = this.sequence.pop() ?? 0;
    next[back[op] ?? 0] = op;
    back[next[op] ?? 0] = op;
    this.flip(op);
    this.mirrors[op]?.takeBackLast();
    const reads = history.reads[op] ?? [];
    for (let at = 1; at < reads.length; at += 2) {
      const value = reads[at] ?? 0;
      readsLeft[value] = (readsLeft[value] ?? 0) + 1;
    }
    const writes = history.writes[op] ?? [];
    for (let at = 1; at < writes.length; at += 2) {
      const value = writes[at] ?? 0;
      writersLeft[value] = (writersLeft[value] ?? 0) + 1;
    }
    const mark = this.marks.pop() ?? 0;
    while (this.keyTrail.length > mark) {
      const key = this.keyTrail.pop() ?? 0;
      this.put(key, this.valueTrail.pop() ?? 0);
    }
  }

  private flip(op: number): void {
    const wasPlaced = this.isPlaced[op] ?? 0;
    this.isPlaced[op] = 1 - wasPlaced;
    if (this.history.isMandatory[op] === 1) this.mandatoryLeft += 2 * wasPlaced - 1;
    const bit = this.bitOf[op] ?? 0;
    const word = bit >>> 5;
    this.row[word] = (this.row[word] ?? 0) ^ (1 << (bit & 31));
    this.hash ^= scramble(op);
  }

  private hold(key: number, value: number): void {
    this.keyTrail.push(key);
    this.valueTrail.push(this.state[key] ?? 0);
    this.put(key, value);
  }

  private put(key: number, value: number): void {
    this.hash ^= scramble(~(this.state[key] ?? 0)) ^ scramble(~value);
    this.state[key] = value;
    this.row[this.rowOf[key] ?? 0] = value;
  }
}

/** Spreads small integers over 32 bits (the finaliser of MurmurHash3). */
function scramble(n: number): number {
  let h = Math.imul(n ^ 0x5bd1e995, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
