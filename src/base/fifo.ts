/**
 * First in, first out, at a cost that does not depend on how much waits: an array that is shifted
 * moves all that is left in it.
 */

/**
 * What was taken out is cut off when there is at least so much of it, and it is half of all: also
 * where nothing is left, since an emptied array takes its room anew with the next item.
 */
const LEAST_CUT = 32;

export class Fifo<T> {
  private items: (T | null)[] = [];
  /** Before this everything is null. */
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): T | null {
    return this.items[this.head] ?? null;
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** Counted from the first. */
  at(index: number): T | null {
    return index < 0 ? null : (this.items[this.head + index] ?? null);
  }

  replace(index: number, item: T): void {
    if (index >= 0 && index < this.length) this.items[this.head + index] = item;
  }

  dropFirst(): void {
    if (this.length === 0) return;
    this.items[this.head] = null;
    this.head += 1;
    if (this.head < LEAST_CUT || this.head * 2 < this.items.length) return;
    this.items = this.items.slice(this.head);
    this.head = 0;
  }
}
