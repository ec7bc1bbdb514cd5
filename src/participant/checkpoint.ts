/**
 * A participant's own snapshot on disk: what it contains and which records must follow it.
 *
 * The shell writes it in slices while the log goes on in a new segment that begins with the
 * preamble. Invariant: header, table and preamble are taken in one step, so that snapshot plus
 * segment is exactly the state, whatever is written meanwhile.
 */
import { snapshotFrames } from '../storage/snapshot.js';
import type { SnapshotHeader } from '../storage/snapshot-header.js';
import type { TableSnapshot } from '../storage/table.js';
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
  };
}

export class Checkpoints {
  private current: TableSnapshot | null = null;

  constructor(private readonly core: ParticipantCore) {}

  begin(): void {
    const { core } = this;
    if (this.current !== null || core.state.installing) return;
    const header = snapshotHeader(core.state);
    this.current = core.state.table.beginSnapshot();
    const frames = snapshotFrames(this.current, header);
    core.checkpoint({ header, preamble: core.preamble(), frames });
  }

  onDone(): void {
    this.current?.close();
    this.current = null;
    this.core.counters.checkpoints += 1;
  }
}
