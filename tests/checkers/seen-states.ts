/**
 * The states that a search has met: rows of integers of one width, found by a hash that the caller
 * keeps up to date. Rows are compared whole, so that two states with one hash stay two. Each has a
 * place in the order of coming, and is a dead end until it is said to lead on.
 */
const FIRST_SLOTS = 256;

export class SeenStates {
  private count = 0;
  private slots = new Int32Array(FIRST_SLOTS);
  private hashes = new Int32Array(FIRST_SLOTS);
  private rows = new Int32Array(0);
  private readonly leadOn = new Set<number>();
  private readonly conflicts: number[] = [];

  constructor(private readonly width: number) {}

  get size(): number {
    return this.count;
  }

  leadsOn(place: number): boolean {
    return this.leadOn.has(place);
  }

  setLeadsOn(place: number): void {
    this.leadOn.add(place);
  }

  /** Why it is a dead end, in whatever form the search thinks of it; 0 at first. */
  conflictOf(place: number): number {
    return this.conflicts[place] ?? 0;
  }

  setConflict(place: number, conflict: number): void {
    this.conflicts[place] = conflict;
  }

  /** The place of the row; one that was not met before gets the last place. */
  find(hash: number, row: Int32Array): number {
    if ((this.count + 1) * 2 > this.slots.length) this.grow();
    let slot = this.slotOf(hash);
    for (;;) {
      const entry = (this.slots[slot] ?? 0) - 1;
      if (entry < 0) break;
      if (this.hashes[entry] === hash && this.isRow(entry, row)) return entry;
      slot = (slot + 1) & (this.slots.length - 1);
    }
    const start = this.count * this.width;
    if (start + this.width > this.rows.length) {
      const rows = new Int32Array(Math.max(1024, 2 * (start + this.width)));
      rows.set(this.rows);
      this.rows = rows;
    }
    for (let i = 0; i < this.width; i += 1) this.rows[start + i] = row[i] ?? 0;
    this.hashes[this.count] = hash;
    this.count += 1;
    this.conflicts.push(0);
    this.slots[slot] = this.count;
    return this.count - 1;
  }

  private slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.slots.length - 1);
  }

  private isRow(entry: number, row: Int32Array): boolean {
    const start = entry * this.width;
    for (let i = 0; i < this.width; i += 1) if (this.rows[start + i] !== row[i]) return false;
    return true;
  }

  private grow(): void {
    const hashes = new Int32Array(this.slots.length * 2);
    hashes.set(this.hashes);
    this.hashes = hashes;
    this.slots = new Int32Array(this.slots.length * 2);
    for (let entry = 0; entry < this.count; entry += 1) {
      let slot = this.slotOf(hashes[entry] ?? 0);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (this.slots.length - 1);
      this.slots[slot] = entry + 1;
    }
  }
}
