/**
 * Rebuilds a participant's state from its snapshot and log, one record at a time.
 *
 * Knows the meaning of each record, nothing of files. What a record may find, and how a crash can
 * have led there:
 *
 * - @A PREPARED, the next txid: the ordinary case; its outcome may follow or not.
 * - @B PREPARED, already in doubt under the same epoch: a checkpoint wrote it again. Nothing to do.
 * - @C PREPARED, not after the last one in doubt, another epoch: what was in doubt was voided in
 *   an older segment that is gone; the newer epoch's transaction takes its place.
 * - @D PREPARED or outcome at or below what is resolved: written again by a checkpoint. Nothing to
 *   do.
 * - @E COMMIT of the oldest in doubt: apply. ABORT of the next txid, prepared or not: use it up.
 * - @F anything else: impossible while the log is whole: refuse to start.
 *
 * Replay is idempotent and has no side effect, so a crash during recovery changes nothing.
 */
import { crc32 } from '../base/hash.js';
import { type Epoch, type View, isNewerView } from '../base/ids.js';
import { lookThrough } from '../storage/apply.js';
import type { SnapshotHeader } from '../storage/snapshot-header.js';
import type { Table } from '../storage/table.js';
import { ReplayError } from '../wal/errors.js';
import type { OutcomeRecord, PieceRecord, PreparedRecord, WalRecord } from '../wal/record.js';
import { ParticipantState } from './state.js';

export class ParticipantRecovery {
  readonly state: ParticipantState;
  records = 0;

  constructor(historyBytes: number) {
    this.state = new ParticipantState(historyBytes);
  }

  snapshot(header: SnapshotHeader, table: Table): void {
    this.state.restore(header, table);
  }

  feed(record: WalRecord): void {
    this.records += 1;
    const { state } = this;
    switch (record.kind) {
      case 'prepared':
        this.prepared(record);
        return;
      case 'commit':
      case 'abort':
        this.outcome(record);
        return;
      case 'piece':
        this.piece(record);
        return;
      case 'epoch':
        this.hintEpoch(record.epoch);
        return;
      case 'view':
        this.hintView(record.view);
        return;
      case 'void':
        state.voidInDoubt();
        return;
      case 'tail':
        state.tailFrom = record.txid;
        return;
      case 'sound':
        state.tailFrom = 0;
        return;
      case 'reset':
        if (state.resolved.txid !== record.txid || state.resolved.chain !== record.chain) {
          state.installing = true;
        }
        return;
      case 'commitDone':
      case 'abortDone':
      case 'state':
        throw new ReplayError(`a ${record.kind} record belongs to a coordinator's log`);
    }
  }

  /** The small doubly written file may know more than a log whose tail was torn. */
  hintEpoch(epoch: Epoch | null): void {
    const { state } = this;
    if (epoch === null || epoch.number <= state.epoch.number) return;
    state.epoch = epoch;
    // As when it was promised; a checkpoint repeats it, which changes nothing.
    state.dropUnpreparedStages();
  }

  hintView(view: View | null): void {
    if (view !== null && isNewerView(view, this.state.view)) this.state.view = view;
  }

  /**
   * `mayLackRecords`: the end of the log is lost, as far as can be seen now. What it says of an
   * earlier cut is older than that, and may be of transactions that were voided since. Outcomes
   * behind an earlier cut void its mark: only who was found to lack nothing is told any.
   */
  finish(mayLackRecords: boolean): ParticipantState {
    const { state } = this;
    if (mayLackRecords) state.tailFrom = state.lastPrepared + 1;
    else if (state.tailFrom <= state.resolved.txid) state.tailFrom = 0;
    return state;
  }

  private prepared(record: PreparedRecord): void {
    const { state } = this;
    if (record.txid <= state.resolved.txid) return; // @D
    const held = state.inDoubt[record.txid - state.resolved.txid - 1];
    if (held !== undefined) {
      if (held.record.epoch === record.epoch) return; // @B
      state.inDoubt = state.inDoubt.slice(0, record.txid - state.resolved.txid - 1); // @C
    }
    if (record.txid !== state.lastPrepared + 1) {
      throw new ReplayError(
        `transaction ${record.txid} follows ${state.lastPrepared}: records are missing`,
      );
    }
    const payload = this.payloadOf(record);
    state.prepare({ record, lsn: 0, payload, facts: lookThrough(payload) }); // @A
  }

  private payloadOf(record: PreparedRecord): Buffer {
    if (record.stage === '') {
      if (crc32(record.payload) !== record.crc) {
        throw new ReplayError(`payload of transaction ${record.txid} does not match its checksum`);
      }
      return record.payload;
    }
    const stage = this.state.stages.get(record.stage);
    if (stage?.have !== record.length || stage.crc !== record.crc) {
      throw new ReplayError(`staged payload of transaction ${record.txid} is not whole`);
    }
    return stage.payload;
  }

  private outcome(record: OutcomeRecord): void {
    const { state } = this;
    if (record.txid <= state.resolved.txid) return; // @D
    const head = state.inDoubt[0];
    if (record.txid !== state.resolved.txid + 1) {
      throw new ReplayError(
        `outcome of ${record.txid} follows ${state.resolved.txid}: records are missing`,
      );
    }
    if (record.kind === 'abort') {
      state.abort(record.epoch, record.txid); // @E
      return;
    }
    if (head?.record.epoch !== record.epoch) {
      throw new ReplayError(`transaction ${record.txid} is committed but was never prepared`); // @F
    }
    state.commit(record.epoch, record.txid); // @E
  }

  private piece(record: PieceRecord): void {
    const { stages } = this.state;
    if (record.total === 0) {
      stages.remove(record.stage);
      return;
    }
    const stage = stages.get(record.stage) ?? stages.begin(record.stage, record.total);
    stages.add(stage, record.offset, record.bytes);
  }
}
