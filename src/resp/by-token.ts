/**
 * What is under way under numbers that are given out one by one, and mostly comes back in that
 * order. Knows nothing of what it is.
 */
import { assert } from '../base/assert.js';
import { Fifo } from '../base/fifo.js';

/** Stands for what was taken before those in front of it. */
const TAKEN = Symbol('taken');

export class ByToken<T> {
  /** Those from `firstToken` on. The first, if any, is not taken yet. */
  private readonly items = new Fifo<T | typeof TAKEN>();
  private firstToken = 1;
  private count = 0;

  /** The token of what is added next. */
  get nextToken(): number {
    return this.firstToken + this.items.length;
  }

  get size(): number {
    return this.count;
  }

  add(item: T): void {
    this.items.push(item);
    this.count += 1;
  }

  take(token: number): T {
    const { items } = this;
    const index = token - this.firstToken;
    const item = items.at(index);
    assert(item !== null && item !== TAKEN, 'a token is used once');
    items.replace(index, TAKEN);
    this.count -= 1;
    while (items.first === TAKEN) {
      items.dropFirst();
      this.firstToken += 1;
    }
    return item;
  }
}
