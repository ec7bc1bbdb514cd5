/**
 * Which operations of a group may be placed next, and which of them are worth a try.
 *
 * `limit` is the earliest `high` of the mandatory operations not yet placed: what starts later may
 * not come before that operation, so the next one starts at or before it. Three rules keep the
 * number of choices small; each proof stands at its rule. Knows nothing of how choices are tried.
 */
import type { CompiledHistory } from './compiled-history.js';
import type { Placement } from './placement.js';

export class Candidates {
  /** In this group: the operation of the same session that comes before, or -1. */
  private readonly previous: Int32Array;
  /** The optional operation with the same effect that must be used first, or -1. */
  private readonly twin: Int32Array;
  /** Whether another optional operation overwrites some but not all of its keys. */
  private readonly hasPartner: Uint8Array;
  /** By key: the last call of `addChoices` in which a reply to come depended on it. */
  private readonly stamps: Int32Array;
  private calls = 0;

  constructor(
    private readonly history: CompiledHistory,
    private readonly placement: Placement,
    operations: readonly number[],
  ) {
    const count = history.operations.length;
    this.previous = new Int32Array(count);
    this.twin = new Int32Array(count);
    this.hasPartner = new Uint8Array(count);
    this.stamps = new Int32Array(history.keys.length);
    this.relate(operations);
  }

  private relate(operations: readonly number[]): void {
    const { history, previous, twin } = this;
    const ofHistory = history.operations;
    const twins = new Map<string, number>();
    const optional: number[] = [];
    const ordered: number[] = [];
    for (const op of operations) {
      previous[op] = twin[op] = -1;
      if (ofHistory[op]?.outcome === 'ok') ordered.push(op);
      if (history.isMandatory[op] === 1) continue;
      optional.push(op);
      const effect = (history.writes[op] ?? []).join();
      twin[op] = twins.get(effect) ?? -1;
      twins.set(effect, op);
    }
    ordered.sort((a, b) => (ofHistory[a]?.serial ?? 0) - (ofHistory[b]?.serial ?? 0));
    const last = new Map<number, number>();
    for (const op of ordered) {
      const session = ofHistory[op]?.session ?? 0;
      previous[op] = last.get(session) ?? -1;
      last.set(session, op);
    }
    for (const op of optional) {
      this.hasPartner[op] = optional.some((other) => this.overwritesPart(other, op)) ? 1 : 0;
    }
  }

  /**
   * Adds to the set of parts in `mask` what keeps its operations from coming next: the part of the
   * most urgent operation, and that of the predecessor of each operation that could be chosen but
   * for its place in its session. Behind that, the parts in the set are stuck by themselves: if the
   * others had no operations at all, there would be no more choices.
   */
  withBlockers(mask: number, limit: number, bitOf: (op: number) => number): number {
    const { history, placement, previous } = this;
    const { next, mandatoryHead: head, isPlaced } = placement;
    let parts = mask;
    for (let before = ~parts; before !== parts;) {
      before = parts;
      for (let op = next[head] ?? head; op !== head; op = next[op] ?? head) {
        if ((history.low[op] ?? 0) > limit) break;
        if (history.high[op] === limit) parts |= bitOf(op);
        if ((parts & bitOf(op)) === 0 || this.isReady(op) || !this.isTempting(op)) continue;
        const blocker = previous[op] ?? -1;
        let other = blocker;
        while (other >= 0 && isPlaced[other] === 0 && (parts & bitOf(other)) === 0) {
          other = previous[other] ?? -1;
        }
        if (other < 0 || isPlaced[other] === 1) parts |= bitOf(blocker);
      }
    }
    return parts;
  }

  /** Whether it could be chosen, or make an optional one worth choosing, if it were ready. */
  private isTempting(op: number): boolean {
    const { next, optionalHead } = this.placement;
    if (next[optionalHead] !== optionalHead) return true;
    return this.fits(op) && !this.isFatal(op);
  }

  private isReady(op: number): boolean {
    const previous = this.previous[op] ?? -1;
    return previous < 0 || this.placement.isPlaced[previous] === 1;
  }

  /** Places everything that costs nothing to place now; returns the limit behind that. */
  settle(): number {
    const { history, placement } = this;
    const { next, mandatoryHead: head } = placement;
    const { low, high } = history;
    for (;;) {
      let limit = Infinity;
      for (let op = next[head] ?? head; op !== head; op = next[op] ?? head) {
        if ((low[op] ?? 0) > limit) break;
        const end = high[op] ?? 0;
        if (end < limit) limit = end;
      }
      let isChanged = false;
      for (let op = next[head] ?? head; op !== head; op = next[op] ?? head) {
        if ((low[op] ?? 0) > limit) break;
        if (!this.isReady(op) || !this.isFree(op)) continue;
        placement.place(op);
        isChanged = true;
      }
      if (!isChanged) return limit;
    }
  }

  /**
   * Whether an operation that may come next can be placed now without trying anything else.
   *
   * A read whose reply fits: take any order of the rest, and move the read to its front. Nothing
   * that had to precede it is left, others only gain, and no key changes.
   *
   * A SET of values that no read is left for, while all its keys exist with values that no read is
   * left for, and no operation is left that could remove one of them: move it to the front of any
   * order of the rest. Up to its old place its keys held values that nobody reads, and do now.
   * Behind that, up to the next write of a key, its own value was there, so no GET of that key is
   * there either, and a count sees a key that exists as before.
   */
  private isFree(op: number): boolean {
    const { history, placement } = this;
    const { state, readsLeft, writersLeft } = placement;
    const writes = history.writes[op] ?? [];
    if (writes.length === 0) return this.fits(op);
    if ((history.counted[op] ?? []).length > 0) return false;
    const keyCount = history.keys.length;
    for (let at = 0; at < writes.length; at += 2) {
      const key = writes[at] ?? 0;
      const value = writes[at + 1] ?? 0;
      if (value === key || state[key] !== keyCount + key) return false;
      if ((readsLeft[value] ?? 0) > 0 || (writersLeft[key] ?? 0) > 0) return false;
    }
    return true;
  }

  /** Whether the reply is what the keys give now. */
  private fits(op: number): boolean {
    const { history } = this;
    const { state } = this.placement;
    const reads = history.reads[op] ?? [];
    for (let at = 0; at < reads.length; at += 2) {
      if (state[reads[at] ?? 0] !== reads[at + 1]) return false;
    }
    const counted = history.counted[op] ?? [];
    if (counted.length === 0) return true;
    let found = 0;
    for (const key of counted) if (state[key] !== key) found += 1;
    return found === history.count[op];
  }

  /** Whether it would overwrite a value that is still to be read and that nobody writes again. */
  private isFatal(op: number): boolean {
    const { state, readsLeft, writersLeft } = this.placement;
    const writes = this.history.writes[op] ?? [];
    for (let at = 0; at < writes.length; at += 2) {
      const held = state[writes[at] ?? 0] ?? 0;
      if (held === writes[at + 1]) continue;
      if ((readsLeft[held] ?? 0) > 0 && writersLeft[held] === 0) return true;
    }
    return false;
  }

  /** Appends everything that is worth a try as the next one, the most urgent first. */
  addChoices(choices: number[], limit: number): void {
    const { placement, history } = this;
    const { next, mandatoryHead: head } = placement;
    const { low, high } = history;
    const first = choices.length;
    for (let op = next[head] ?? head; op !== head; op = next[op] ?? head) {
      if ((low[op] ?? 0) > limit) break;
      if ((history.writes[op] ?? []).length === 0 || !this.isReady(op)) continue;
      if (!this.fits(op) || this.isFatal(op)) continue;
      let at = choices.length;
      while (at > first && (high[choices[at - 1] ?? 0] ?? 0) > (high[op] ?? 0)) {
        choices[at] = choices[at - 1] ?? 0;
        at -= 1;
      }
      choices[at] = op;
    }
    this.addOptional(choices, limit);
  }

  /**
   * Of all orders take one with the fewest optional operations, these as late as can be. Then:
   * of operations with the same effect the one called first is used first (exchange them); each
   * changes something that a reply can show (else leave it out, see `matters`); and behind it comes
   * an operation that sees one of its keys, or that overwrites some but not all of them (past any
   * other it could move on, and if all its keys are overwritten it can be left out). That next
   * operation is optional too, or it may already come next now: optional ones hold up nobody.
   */
  private addOptional(choices: number[], limit: number): void {
    const { placement, history } = this;
    const { next, optionalHead: head, isPlaced } = placement;
    if (next[head] === head) return;
    this.calls += 1;
    const writers = this.markObserved(limit);
    for (let op = next[head] ?? head; op !== head; op = next[op] ?? head) {
      if ((history.low[op] ?? 0) > limit) break;
      const twin = this.twin[op] ?? -1;
      if (twin >= 0 && isPlaced[twin] === 0) continue;
      if (!this.matters(op) || this.isFatal(op)) continue;
      const isFollowed =
        this.isObserved(op) ||
        this.hasPartner[op] === 1 ||
        writers.some((writer) => this.overwritesPart(writer, op));
      if (isFollowed) choices.push(op);
    }
  }

  /** Marks the keys that replies still to come next depend on; returns what may write next. */
  private markObserved(limit: number): number[] {
    const { history, stamps } = this;
    const { next, mandatoryHead: head } = this.placement;
    const writers: number[] = [];
    for (let op = next[head] ?? head; op !== head; op = next[op] ?? head) {
      if ((history.low[op] ?? 0) > limit) break;
      if (!this.isReady(op)) continue;
      const reads = history.reads[op] ?? [];
      for (let at = 0; at < reads.length; at += 2) stamps[reads[at] ?? 0] = this.calls;
      for (const key of history.counted[op] ?? []) stamps[key] = this.calls;
      if ((history.writes[op] ?? []).length > 0) writers.push(op);
    }
    return writers;
  }

  private isObserved(op: number): boolean {
    const writes = this.history.writes[op] ?? [];
    for (let at = 0; at < writes.length; at += 2) {
      if (this.stamps[writes[at] ?? 0] === this.calls) return true;
    }
    return false;
  }

  /**
   * A DEL matters if one of its keys exists. A SET matters if a value of it is still to be read or
   * if one of its keys does not exist: otherwise its keys exist with or without it, and what they
   * hold is not read before they are written again.
   */
  private matters(op: number): boolean {
    const { state, readsLeft } = this.placement;
    const writes = this.history.writes[op] ?? [];
    for (let at = 0; at < writes.length; at += 2) {
      const key = writes[at] ?? 0;
      const value = writes[at + 1] ?? 0;
      if (value === key ? state[key] !== key : state[key] === key || (readsLeft[value] ?? 0) > 0) {
        return true;
      }
    }
    return false;
  }

  private overwritesPart(writer: number, op: number): boolean {
    const written = this.history.writes[op] ?? [];
    const writes = this.history.writes[writer] ?? [];
    let shared = 0;
    for (let at = 0; at < written.length; at += 2) {
      for (let other = 0; other < writes.length; other += 2) {
        if (writes[other] === written[at]) shared += 1;
      }
    }
    return writer !== op && shared > 0 && shared * 2 < written.length;
  }
}
