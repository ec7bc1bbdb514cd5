/**
 * How transactions ended: what the coordinator's log says, and what it must still tell.
 *
 * Every txid up to `decidedTxid` has an outcome. Those above `settledTxid` are all remembered,
 * because a member may still be in doubt about them, except that a commit may be missing which a
 * start learnt from members alone: what is not remembered was committed. Older ones are kept for
 * clients that ask, as many as the limit allows. Of which epoch one was is known longer
 * (`base/lineage.ts`), so that another one of the same number is not taken for it. Knows nothing of
 * participants.
 */
import { assert } from '../base/assert.js';
import type { TxId } from '../base/ids.js';
import { REMEMBERED_ABORTS, REMEMBERED_OUTCOMES } from '../base/limits.js';
import { type Lineage, epochAt, extended, joined } from '../base/lineage.js';

export interface Decision {
  readonly epoch: number;
  readonly txid: TxId;
  readonly commit: boolean;
}

/** Outcomes lie in blocks of so many, so that remembering them takes few objects. */
const BLOCK_OUTCOMES = 256;

const UNKNOWN = 0;
const COMMIT = 1;
const ABORT = 2;

/** Epochs seldom change: they take room only in a block that holds several. */
class Block {
  readonly kinds = new Uint8Array(BLOCK_OUTCOMES);
  private epochs: Float64Array | undefined;

  constructor(private readonly firstEpoch: number) {}

  /** Each index once. */
  set(index: number, epoch: number, kind: number): void {
    this.kinds[index] = kind;
    if (epoch === this.firstEpoch) return;
    this.epochs ??= new Float64Array(BLOCK_OUTCOMES).fill(this.firstEpoch);
    this.epochs[index] = epoch;
  }

  epochAt(index: number): number {
    return this.epochs?.[index] ?? this.firstEpoch;
  }
}

export class Outcomes {
  decidedTxid: TxId = 0;
  settledTxid: TxId = 0;
  lineage: Lineage = [];
  /** By number, in ascending order. */
  private readonly blocks = new Map<number, Block>();

  add({ epoch, txid, commit }: Decision): void {
    assert(txid > this.decidedTxid, 'a transaction is decided once');
    this.decidedTxid = txid;
    this.lineage = extended(this.lineage, epoch, txid);
    this.blockFor(txid, epoch).set(txid % BLOCK_OUTCOMES, epoch, commit ? COMMIT : ABORT);
    this.trim();
  }

  settle(txid: TxId): void {
    this.settledTxid = Math.max(this.settledTxid, Math.min(txid, this.decidedTxid));
    this.trim();
  }

  get(txid: TxId): Decision | undefined {
    if (this.isForgotten(txid)) return undefined;
    const block = this.blocks.get(numberOf(txid));
    const kind = block?.kinds[txid % BLOCK_OUTCOMES] ?? UNKNOWN;
    if (block === undefined || kind === UNKNOWN) return undefined;
    return { epoch: block.epochAt(txid % BLOCK_OUTCOMES), txid, commit: kind === COMMIT };
  }

  /** The last that was committed: whoever held it then holds it for ever. */
  get lastCommitted(): TxId {
    let txid = this.decidedTxid;
    while (txid > 0 && this.get(txid)?.commit === false) txid -= 1;
    return txid;
  }

  /** Of the transaction that was decided under this number; undefined if it is too long ago. */
  epochAt(txid: TxId): number | undefined {
    return this.get(txid)?.epoch ?? epochAt(this.lineage, txid);
  }

  /** Takes over, instead of what was known, what somebody else says was decided. */
  replace(decided: TxId, settled: TxId, recent: readonly Decision[], lineage: Lineage): void {
    this.blocks.clear();
    this.decidedTxid = 0;
    this.settledTxid = settled;
    for (const decision of recent) {
      if (decision.txid > this.decidedTxid && decision.txid <= decided) this.add(decision);
    }
    this.decidedTxid = decided;
    this.lineage = lineage;
  }

  /**
   * Everything up to here has ended, as members know that were asked: aborted if it is listed, else
   * committed; of which epochs, says `lineage`. `isSettled`: all members have told, so nobody will
   * need to be.
   */
  extend(txid: TxId, aborted: readonly Decision[], lineage: Lineage, isSettled: boolean): void {
    const settled = isSettled ? txid : this.settledTxid;
    const whole = joined(this.lineage, this.decidedTxid, lineage, txid);
    this.replace(txid, settled, [...this.recent(), ...aborted], whole);
  }

  /** What a new log segment must repeat: all that is unsettled, and some more. */
  recent(): Decision[] {
    const from = Math.max(1, Math.min(this.settledTxid + 1, this.decidedTxid - REMEMBERED_ABORTS));
    const decisions: Decision[] = [];
    for (let txid = from; txid <= this.decidedTxid; txid += 1) {
      const decision = this.get(txid);
      if (decision !== undefined) decisions.push(decision);
    }
    return decisions;
  }

  private isForgotten(txid: TxId): boolean {
    return txid <= this.settledTxid && txid <= this.decidedTxid - REMEMBERED_OUTCOMES;
  }

  private blockFor(txid: TxId, epoch: number): Block {
    const number = numberOf(txid);
    const known = this.blocks.get(number);
    if (known !== undefined) return known;
    const block = new Block(epoch);
    this.blocks.set(number, block);
    return block;
  }

  private trim(): void {
    for (const number of this.blocks.keys()) {
      if (!this.isForgotten((number + 1) * BLOCK_OUTCOMES - 1)) return;
      this.blocks.delete(number);
    }
  }
}

function numberOf(txid: TxId): number {
  return Math.floor(txid / BLOCK_OUTCOMES);
}
