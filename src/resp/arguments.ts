/**
 * The arguments of one request. Each is cut out of the bytes that arrived when somebody asks for
 * it, and in the form in which it is wanted: a name or a number is only looked at, a key is wanted
 * as text, and a buffer that nobody keeps costs more than its bytes.
 *
 * Ownership: `bytes` may be a slice of the chunk that arrived; who keeps one for longer than the
 * request takes makes it its own first (`base/owned.ts`). Knows nothing of what they mean.
 */
import { assert } from '../base/assert.js';
import { MAX_WORD_BYTES } from './limits.js';

export abstract class Arguments {
  abstract readonly length: number;

  /** The argument is bytes `start` to `end` of `source`. */
  abstract source(index: number): Buffer;
  abstract start(index: number): number;
  abstract end(index: number): number;

  bytes(index: number): Buffer {
    return this.source(index).subarray(this.start(index), this.end(index));
  }

  /**
   * In latin1 one character a byte. Who asks has seen that it is short: there are arguments that
   * no text can hold.
   */
  text(index: number, encoding: 'latin1' | 'utf8' = 'latin1'): string {
    return this.source(index).toString(encoding, this.start(index), this.end(index));
  }

  /** What is no key and no value, as text; '' if it is longer than anything that is understood. */
  word(index: number, encoding: 'latin1' | 'utf8' = 'latin1'): string {
    return this.size(index) > MAX_WORD_BYTES ? '' : this.text(index, encoding);
  }

  size(index: number): number {
    return this.end(index) - this.start(index);
  }

  /** All from this one on. */
  from(first: number): Buffer[] {
    const rest: Buffer[] = [];
    for (let index = first; index < this.length; index += 1) rest.push(this.bytes(index));
    return rest;
  }

  /** All from this one on, as words. */
  wordsFrom(first: number): string[] {
    const words: string[] = [];
    for (let index = first; index < this.length; index += 1) words.push(this.word(index));
    return words;
  }
}

/** Arguments that lie in one chunk. `bounds`: start and end of each, one behind the other. */
export class ChunkArguments extends Arguments {
  constructor(
    private readonly chunk: Buffer,
    private readonly bounds: readonly number[],
  ) {
    super();
  }

  get length(): number {
    return this.bounds.length / 2;
  }

  source(): Buffer {
    return this.chunk;
  }

  start(index: number): number {
    return this.bound(2 * index);
  }

  end(index: number): number {
    return this.bound(2 * index + 1);
  }

  private bound(index: number): number {
    const bound = this.bounds[index];
    assert(bound !== undefined, 'only arguments that are there are asked for');
    return bound;
  }
}

/** Arguments that came in several chunks, or were put together. */
export class KeptArguments extends Arguments {
  constructor(private readonly buffers: readonly Buffer[]) {
    super();
  }

  get length(): number {
    return this.buffers.length;
  }

  source(index: number): Buffer {
    const buffer = this.buffers[index];
    assert(buffer !== undefined, 'only arguments that are there are asked for');
    return buffer;
  }

  start(): number {
    return 0;
  }

  end(index: number): number {
    return this.source(index).length;
  }

  override bytes(index: number): Buffer {
    return this.source(index);
  }
}
