/**
 * How transactions ended: what the coordinator's log says, and what it must still tell.
 *
 * Every txid up to `decidedTxid` has an outcome. Those above `settledTxid` are all remembered,
 * because a member may still be in doubt about them, except that a commit may be missing which a
 * start learnt from members alone: what is not remembered was committed. Older ones are kept for
 * clients that ask, as many as the limit allows. Knows nothing of participants.
 */
import { assert } from '../base/assert.js';
import type { TxId } from '../base/ids.js';
import { REMEMBERED_ABORTS, REMEMBERED_OUTCOMES } from '../base/limits.js';

export interface Decision {
  readonly epoch: number;
  readonly txid: TxId;
  readonly commit: boolean;
}

export class Outcomes {
  decidedTxid: TxId = 0;
  settledTxid: TxId = 0;
  private readonly byTxid = new Map<TxId, Decision>();
  private oldest: TxId = 1;

  add(decision: Decision): void {
    assert(decision.txid > this.decidedTxid, 'a transaction is decided once');
    if (this.byTxid.size === 0) this.oldest = decision.txid;
    this.decidedTxid = decision.txid;
    this.byTxid.set(decision.txid, decision);
    this.trim();
  }

  settle(txid: TxId): void {
    this.settledTxid = Math.max(this.settledTxid, Math.min(txid, this.decidedTxid));
    this.trim();
  }

  get(txid: TxId): Decision | undefined {
    return this.byTxid.get(txid);
  }

  /** Takes over, instead of what was known, what somebody else says was decided. */
  replace(decided: TxId, settled: TxId, recent: readonly Decision[]): void {
    this.byTxid.clear();
    this.decidedTxid = 0;
    for (const decision of recent) {
      if (decision.txid > this.decidedTxid && decision.txid <= decided) this.add(decision);
    }
    this.decidedTxid = decided;
    this.settledTxid = settled;
  }

  /**
   * Everything up to here has ended, as members know that were asked: aborted if it is listed, else
   * committed. `isSettled`: all members have told, so nobody will need to be.
   */
  extend(txid: TxId, aborted: readonly Decision[], isSettled: boolean): void {
    const settled = isSettled ? txid : this.settledTxid;
    this.replace(txid, settled, [...this.recent(), ...aborted]);
  }

  /** What a new log segment must repeat: all that is unsettled, and some more. */
  recent(): Decision[] {
    const from = Math.max(1, Math.min(this.settledTxid + 1, this.decidedTxid - REMEMBERED_ABORTS));
    const decisions: Decision[] = [];
    for (let txid = from; txid <= this.decidedTxid; txid += 1) {
      const decision = this.byTxid.get(txid);
      if (decision !== undefined) decisions.push(decision);
    }
    return decisions;
  }

  private trim(): void {
    while (this.byTxid.size > REMEMBERED_OUTCOMES && this.oldest <= this.settledTxid) {
      this.byTxid.delete(this.oldest);
      this.oldest += 1;
    }
  }
}
