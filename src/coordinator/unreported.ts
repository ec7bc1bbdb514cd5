/**
 * What transactions that were begun may add to the store, until a member's report of its size
 * covers them: members say how large they are with `done` and `pong`, some time after a client has
 * its answer. Pessimistic on purpose: every pair counts as a new key, an aborted one until it is
 * resolved. Knows no outcomes.
 */
import type { TxId } from '../base/ids.js';
import type { PendingWrite } from './transaction.js';

interface Amount {
  readonly txid: TxId;
  readonly bytes: number;
  readonly pairs: number;
}

export class Unreported {
  private amounts: Amount[] = [];

  begun(txid: TxId, writes: readonly PendingWrite[]): void {
    const bytes = writes.reduce((sum, write) => sum + write.bytes, 0);
    const pairs = writes.reduce((sum, write) => sum + write.pairs, 0);
    this.amounts.push({ txid, bytes, pairs });
  }

  /** A member has resolved everything up to here and told its size. */
  reported(txid: TxId): void {
    const [first] = this.amounts;
    if (first === undefined || first.txid > txid) return;
    this.amounts = this.amounts.filter((amount) => amount.txid > txid);
  }

  get bytes(): number {
    return this.amounts.reduce((sum, amount) => sum + amount.bytes, 0);
  }

  get pairs(): number {
    return this.amounts.reduce((sum, amount) => sum + amount.pairs, 0);
  }
}
