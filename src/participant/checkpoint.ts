/**
 * A participant's own snapshot on disk: what it contains and which records must follow it.
 *
 * The shell writes it frame by frame while the log goes on in a new segment that begins with the
 * preamble. Invariants: header, table and preamble are taken in one step, so that snapshot plus
 * segment is exactly the state, whatever is written meanwhile; a table that is not what was written
 * never becomes a snapshot, since that would replace the log from which it can still be made.
 */
import { snapshotFrames } from '../storage/snapshot.js';
import type { SnapshotHeader } from '../storage/snapshot-header.js';
import { SnapshotSum } from '../storage/snapshot-sum.js';
import type { TableSnapshot } from '../storage/table-snapshot.js';
import type { ParticipantCore } from './core.js';
import type { ParticipantState } from './state.js';

export function snapshotHeader(state: ParticipantState): SnapshotHeader {
  return {
    txid: state.resolved.txid,
    epoch: state.lastEpoch,
    chain: state.resolved.chain,
    digest: state.table.digest(),
    keys: state.table.size,
    bytes: state.table.bytes,
    aborted: [...state.aborted],
    lineage: state.lineage,
  };
}

interface Current {
  readonly snapshot: TableSnapshot;
  readonly sum: SnapshotSum;
}

export class Checkpoints {
  private current: Current | null = null;

  constructor(private readonly core: ParticipantCore) {}

  get isUnderWay(): boolean {
    return this.current !== null;
  }

  begin(): void {
    const { core } = this;
    if (this.isUnderWay || core.state.installing || !core.state.fit) return;
    if (core.state.epoch.number === 0) return; // Nothing was ever asked of this participant.
    const header = snapshotHeader(core.state);
    const snapshot = core.state.table.beginSnapshot();
    const sum = new SnapshotSum();
    this.current = { snapshot, sum };
    const frames = snapshotFrames(snapshot, header, sum);
    core.checkpoint({ header, preamble: core.preamble(), frames });
  }

  onDone(): void {
    const { current } = this;
    this.current = null;
    current?.snapshot.close();
    if (current?.sum.isDamaged === true) this.core.declareUnfit();
    else this.core.counters.checkpoints += 1;
  }
}
