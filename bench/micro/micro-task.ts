/** One piece of the hot path, alone in a loop. */

export interface MicroTask {
  readonly name: string;
  /** Client commands that one call of `run` deals with: figures are told for one of them. */
  readonly commands: number;
  run(): void;
}

export const VALUE = Buffer.alloc(64, 'v');
/** As many as share a transaction when fifty clients write at once. */
export const BATCH = 50;

/** Keys of 16 bytes from a round of a hundred thousand, in an order without a pattern. */
export class Keys {
  private seed = 1;

  next(): string {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    const number = Math.floor((this.seed / 0x1_0000_0000) * 100_000);
    return `key:${String(number).padStart(12, '0')}`;
  }
}
