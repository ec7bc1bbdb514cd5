/**
 * A set of rows of small whole numbers, each of which keeps the place where it was put first: the
 * visited states. Rows are compared whole, so two states are taken for one only if they are one.
 * Takes about 60 bytes a row.
 */
const CHUNK_ROWS = 1 << 16;

export class StateTable {
  private readonly chunks: Int32Array[] = [];
  private slots = new Int32Array(1 << 16);
  private count = 0;

  constructor(private readonly width: number) {}

  get size(): number {
    return this.count;
  }

  get(index: number): number[] {
    const chunk = this.chunks[Math.floor(index / CHUNK_ROWS)];
    const start = (index % CHUNK_ROWS) * this.width;
    return Array.from(chunk?.subarray(start, start + this.width) ?? []);
  }

  /** The row's number, whether or not it was there; a new one has the number `size` had. */
  add(row: readonly number[]): number {
    if (this.count * 2 >= this.slots.length) this.grow();
    for (let slot = hash(row) & (this.slots.length - 1); ;) {
      const held = this.slots[slot] ?? 0;
      if (held === 0) {
        this.slots[slot] = this.count + 1;
        return this.put(row);
      }
      if (this.isEqual(held - 1, row)) return held - 1;
      slot = (slot + 1) & (this.slots.length - 1);
    }
  }

  private put(row: readonly number[]): number {
    const index = this.count;
    if (index % CHUNK_ROWS === 0) this.chunks.push(new Int32Array(CHUNK_ROWS * this.width));
    this.chunks.at(-1)?.set(row, (index % CHUNK_ROWS) * this.width);
    this.count += 1;
    return index;
  }

  private isEqual(index: number, row: readonly number[]): boolean {
    const chunk = this.chunks[Math.floor(index / CHUNK_ROWS)];
    const start = (index % CHUNK_ROWS) * this.width;
    return chunk !== undefined && row.every((value, i) => chunk[start + i] === value);
  }

  private grow(): void {
    this.slots = new Int32Array(this.slots.length * 2);
    for (let index = 0; index < this.count; index += 1) {
      let slot = hash(this.get(index)) & (this.slots.length - 1);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (this.slots.length - 1);
      this.slots[slot] = index + 1;
    }
  }
}

function hash(row: readonly number[]): number {
  let state = 0x811c9dc5;
  for (const value of row) {
    state = Math.imul(state ^ value, 0x01000193);
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
  }
  return (state ^ (state >>> 13)) >>> 0;
}
