/**
 * Virtual time: a queue of actions ordered by time, ties broken by order of scheduling. Everything
 * that a simulated cluster does happens in here, in one thread, and the same seed gives the same
 * run.
 */
export class Schedule {
  now = 0;
  private sequence = 0;
  private readonly heap: { at: number; sequence: number; action: () => void }[] = [];

  at(at: number, action: () => void): void {
    this.sequence += 1;
    this.heap.push({ at: Math.max(at, this.now), sequence: this.sequence, action });
    this.siftUp(this.heap.length - 1);
  }

  after(delay: number, action: () => void): void {
    this.at(this.now + delay, action);
  }

  /** Runs everything up to this time. */
  runUntil(end: number): void {
    for (let action = this.takeNext(end); action !== null; action = this.takeNext(end)) action();
    this.now = end;
  }

  /** What comes next, if that is not after `end`: its time has come, and the caller runs it. */
  takeNext(end: number): (() => void) | null {
    const next = this.heap[0];
    if (next === undefined || next.at > end) return null;
    this.pop();
    this.now = next.at;
    return next.action;
  }

  private pop(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.siftDown(0);
  }

  private isBefore(a: number, b: number): boolean {
    const left = this.heap[a];
    const right = this.heap[b];
    if (left === undefined || right === undefined) return false;
    return left.at === right.at ? left.sequence < right.sequence : left.at < right.at;
  }

  private swap(a: number, b: number): void {
    const left = this.heap[a];
    const right = this.heap[b];
    if (left === undefined || right === undefined) return;
    this.heap[a] = right;
    this.heap[b] = left;
  }

  private siftUp(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.isBefore(index, parent)) return;
      this.swap(index, parent);
      index = parent;
    }
  }

  private siftDown(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let least = index;
      if (left < this.heap.length && this.isBefore(left, least)) least = left;
      if (right < this.heap.length && this.isBefore(right, least)) least = right;
      if (least === index) return;
      this.swap(index, least);
      index = least;
    }
  }
}
