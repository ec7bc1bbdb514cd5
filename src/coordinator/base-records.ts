/**
 * All that a coordinator knows, as records: what a new log segment begins with, and what a start
 * leaves behind that took over from others.
 *
 * The view of STATE is the oldest one that still counts; views that were proposed after it and are
 * not known to be installed follow as VIEW records, so that a restart knows what a next view must
 * be found from (`membership.ts`). Pure.
 */
import type { Epoch } from '../base/ids.js';
import type { OutcomeRecord, StateRecord, WalRecord } from '../wal/record.js';
import type { Membership } from './membership.js';
import type { Outcomes } from './outcomes.js';

export function stateRecord(
  outcomes: Outcomes,
  membership: Membership,
  epochs: readonly Epoch[],
): StateRecord {
  return {
    kind: 'state',
    lastTxid: outcomes.decidedTxid,
    settledTxid: outcomes.settledTxid,
    view: membership.views[0] ?? null,
    epochs: [...epochs],
    recent: outcomes.recent(),
    lineage: outcomes.lineage,
  };
}

/** `unsynced`: aborts that were handed to the log and are not on disk yet. */
export function segmentHead(
  state: StateRecord,
  unsynced: readonly OutcomeRecord[],
  membership: Membership,
): WalRecord[] {
  const later = membership.views.slice(1).map((view) => ({ kind: 'view', view }) as const);
  return [state, ...unsynced, ...later];
}
