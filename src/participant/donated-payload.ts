/**
 * The payload of one committed transaction as a donor's deltas bring it: whole, or in parts over
 * several deltas. Pure. What is wrong with it is told as a sentence, which ends the attempt to
 * catch up. Invariant: never more is kept than one payload that the log could hold, and a part.
 */
import { crc32 } from '../base/hash.js';
import type { DeltaEntry } from '../rpc/messages.js';
import { type PayloadFacts, factsOf } from '../storage/apply.js';
import { MAX_PAYLOAD_BYTES } from '../wal/format.js';

export interface Donated {
  readonly payload: Buffer;
  readonly facts: PayloadFacts;
}

export class DonatedPayload {
  private parts: Buffer[] = [];
  private bytes = 0;

  /** Bytes of the next transaction that are here already. */
  get have(): number {
    return this.bytes;
  }

  clear(): void {
    this.parts = [];
    this.bytes = 0;
  }

  /** Null while more of it is to come. */
  take({ txid, length, crc, bytes }: DeltaEntry): Donated | string | null {
    if (length > MAX_PAYLOAD_BYTES || (length > 0 && bytes.length === 0)) {
      return `the donor sent ${bytes.length} of ${length} bytes of transaction ${txid}`;
    }
    this.parts.push(bytes);
    this.bytes += bytes.length;
    if (this.bytes < length) return null;
    const [only] = this.parts;
    const payload = this.parts.length === 1 && only ? only : Buffer.concat(this.parts);
    this.clear();
    if (payload.length !== length || crc32(payload) !== crc) {
      return `transaction ${txid} arrived damaged`;
    }
    const facts = factsOf(payload);
    return facts === null ? `transaction ${txid} cannot be read` : { payload, facts };
  }
}
