/**
 * Rebuilds what a coordinator knows from its log, one record at a time.
 *
 * - @A EPOCH: one more start of ours; the newest is the last. One that counted as without log makes
 *   the next start such a one too, until a STATE says that it came to its end.
 * - @B VIEW: the newest is the last. A VIEW that stands twice was installed: older ones are void.
 * - @C COMMIT or ABORT of the next txid: decided. At or below what is decided: written again.
 * - @D COMMIT_DONE: every member of the view has synced the outcomes up to here.
 * - @E STATE: all of it at once, at the head of a segment, by an operator's override, or at the end
 *   of a start without log. What was known before is void.
 * - @F an outcome that leaves a gap, or a participant's record: impossible while the log is whole.
 *
 * Knows nothing of files or participants. Replay has no side effect.
 */
import { type Epoch, type View, isNewerView, NO_EPOCH, sameView } from '../base/ids.js';
import { ReplayError } from '../wal/errors.js';
import type { WalRecord } from '../wal/record.js';
import { Outcomes } from './outcomes.js';

export interface CoordinatorRecovered {
  readonly epochs: Epoch[];
  /** The newest. */
  readonly view: View | null;
  /** From the newest that is known to have been installed, or the oldest, to the newest. */
  readonly views: readonly View[];
  /** The newest that is known to have been installed; null if none is. */
  readonly installed: View | null;
  /** No view bears a higher one. */
  readonly highestNumber: number;
  readonly outcomes: Outcomes;
  /** A start without log did not come to its end: the next one is such a start again. */
  readonly isUnfinished: boolean;
}

/** Starts that are remembered by nonce; an older one that turns up counts as unknown. */
const REMEMBERED_EPOCHS = 1000;

export class CoordinatorRecovery {
  private epochs: Epoch[] = [];
  private views: View[] = [];
  private installed: View | null = null;
  private highestNumber = 0;
  private isUnfinished = false;
  private readonly outcomes = new Outcomes();
  records = 0;

  feed(record: WalRecord): void {
    this.records += 1;
    switch (record.kind) {
      case 'epoch':
        this.hintEpoch(record.epoch); // @A
        this.isUnfinished ||= record.withoutLog === true;
        return;
      case 'view':
        if (sameView(record.view, this.lastView)) this.installed = record.view;
        this.view(record.view); // @B
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
        if (record.view !== null) this.view(record.view);
        this.outcomes.replace(record.lastTxid, record.settledTxid, record.recent, record.lineage);
        this.isUnfinished = false;
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
    if (view === null) return;
    this.highestNumber = Math.max(this.highestNumber, view.number);
    if (isNewerView(view, this.lastView)) this.views.push(view);
  }

  finish(): CoordinatorRecovered {
    const { epochs, views, installed, highestNumber, outcomes, isUnfinished } = this;
    const view = this.lastView;
    return { epochs, view, views, installed, highestNumber, outcomes, isUnfinished };
  }

  private get lastEpoch(): Epoch {
    return this.epochs.at(-1) ?? NO_EPOCH;
  }

  private get lastView(): View | null {
    return this.views.at(-1) ?? null;
  }

  private view(view: View): void {
    if (sameView(view, this.lastView)) this.views = [view];
    else this.hintView(view);
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
