/**
 * All that a coordinator knows, as records: what a new log segment begins with, and what a start
 * leaves behind that took over from others.
 *
 * The view of STATE is the oldest one that may still count, and follows again as a VIEW record if
 * it was installed; views that were proposed after it and are not known to be installed follow, so
 * that a restart knows what a next view must be found from (`membership.ts`). Pure.
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
    view: membership.known[0] ?? null,
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
  const later = membership.isOldestInstalled ? membership.known : membership.known.slice(1);
  return [state, ...unsynced, ...later.map((view) => ({ kind: 'view', view }) as const)];
}
