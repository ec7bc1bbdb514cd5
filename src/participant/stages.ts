/**
 * Payloads that arrive in pieces ahead of their PREPARE, because one frame could not hold them.
 *
 * A payload is allocated whole when its first piece arrives, and pieces are copied in place as they
 * come, in order. Knows nothing of transactions. Bounded by the caller, who reserves memory first.
 */
import { crc32 } from '../base/hash.js';

export interface Stage {
  readonly name: string;
  readonly payload: Buffer;
  have: number;
  crc: number;
}

export class Stages {
  private readonly byName = new Map<string, Stage>();

  get(name: string): Stage | undefined {
    return this.byName.get(name);
  }

  get bytes(): number {
    let sum = 0;
    for (const stage of this.byName.values()) sum += stage.payload.length;
    return sum;
  }

  get count(): number {
    return this.byName.size;
  }

  all(): IterableIterator<Stage> {
    return this.byName.values();
  }

  begin(name: string, total: number): Stage {
    const stage = { name, payload: Buffer.allocUnsafeSlow(total), have: 0, crc: 0 };
    this.byName.set(name, stage);
    return stage;
  }

  /** Takes the piece if it is the next one; repeated and early ones change nothing. */
  add(stage: Stage, offset: number, bytes: Buffer): boolean {
    if (offset !== stage.have || offset + bytes.length > stage.payload.length) return false;
    bytes.copy(stage.payload, offset);
    stage.have += bytes.length;
    stage.crc = crc32(bytes, stage.crc);
    return true;
  }

  remove(name: string): void {
    if (name !== '') this.byName.delete(name);
  }

  /** Keeps only those that a prepared transaction refers to. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of [...this.byName.keys()]) if (!names.has(name)) this.byName.delete(name);
  }

  clear(): void {
    this.byName.clear();
  }
}
