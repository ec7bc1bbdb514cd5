/**
 * Rebuilds what a coordinator knows from its log, one record at a time.
 *
 * - @A EPOCH: one more start of ours; the newest is the last.
 * - @B VIEW: the newest is the last; numbers only grow.
 * - @C COMMIT or ABORT of the next txid: decided. At or below what is decided: written again.
 * - @D COMMIT_DONE: every member of the view has synced the outcomes up to here.
 * - @E STATE: all of it at once, at the head of a segment or by an operator's override. What was
 *   known before is void.
 * - @F an outcome that leaves a gap, or a participant's record: impossible while the log is whole.
 *
 * Knows nothing of files or participants. Replay has no side effect.
 */
import { type Epoch, type View, NO_EPOCH } from '../base/ids.js';
import type { WalRecord } from '../wal/record.js';
import { Outcomes } from './outcomes.js';

export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly code = 'REPLAY';
}

export interface CoordinatorRecovered {
  readonly epochs: Epoch[];
  readonly view: View | null;
  readonly outcomes: Outcomes;
}

/** Starts that are remembered by nonce; an older one that turns up counts as unknown. */
const REMEMBERED_EPOCHS = 1000;

export class CoordinatorRecovery {
  private epochs: Epoch[] = [];
  private view: View | null = null;
  private readonly outcomes = new Outcomes();
  records = 0;

  feed(record: WalRecord): void {
    this.records += 1;
    switch (record.kind) {
      case 'epoch':
        this.hintEpoch(record.epoch); // @A
        return;
      case 'view':
        this.hintView(record.view); // @B
        return;
      case 'commit':
      case 'abort':
        this.outcome(record.epoch, record.txid, record.kind === 'commit');
        return;
      case 'commitDone':
      case 'abortDone':
        this.outcomes.settle(record.txid); // @D
        return;
      case 'state':
        for (const epoch of record.epochs) this.hintEpoch(epoch); // @E
        this.hintView(record.view);
        this.outcomes.replace(record.lastTxid, record.settledTxid, record.recent);
        return;
      default:
        throw new ReplayError(`a ${record.kind} record belongs to a participant's log`); // @F
    }
  }

  hintEpoch(epoch: Epoch | null): void {
    if (epoch === null || epoch.number <= this.lastEpoch.number) return;
    this.epochs.push(epoch);
    if (this.epochs.length > REMEMBERED_EPOCHS) this.epochs.shift();
  }

  hintView(view: View | null): void {
    if (view !== null && view.number > (this.view?.number ?? 0)) this.view = view;
  }

  finish(): CoordinatorRecovered {
    return { epochs: this.epochs, view: this.view, outcomes: this.outcomes };
  }

  private get lastEpoch(): Epoch {
    return this.epochs.at(-1) ?? NO_EPOCH;
  }

  private outcome(epoch: number, txid: number, commit: boolean): void {
    const { outcomes } = this;
    if (txid <= outcomes.decidedTxid) return; // @C, again
    if (txid !== outcomes.decidedTxid + 1) {
      throw new ReplayError(
        `outcome of ${txid} follows ${outcomes.decidedTxid}: records are missing`,
      );
    }
    outcomes.add({ epoch, txid, commit }); // @C
  }
}
