/**
 * The generator of a real process: every draw comes from the operating system, so that the nonces
 * by which processes prove themselves to each other cannot be guessed from earlier ones.
 */
import { randomBytes, randomFillSync } from 'node:crypto';
import { Prng } from '../base/prng.js';

const POOL_WORDS = 256;
const ID_BYTES = 16;

export class SystemRandom extends Prng {
  private readonly pool = new Uint32Array(POOL_WORDS);
  private used = POOL_WORDS;

  constructor() {
    super(0);
  }

  override next(): number {
    if (this.used === POOL_WORDS) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    const word = this.pool[this.used] ?? 0;
    this.used += 1;
    return word;
  }
}

/** An identity that nothing else has ever had: 32 hexadecimal digits. */
export function newStoreId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}
