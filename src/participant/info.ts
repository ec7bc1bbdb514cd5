/** What a participant tells of itself, for INFO: plain names and values, read from the machine. */
import { isMember } from '../base/ids.js';
import type { Participant } from './machine.js';

export type Field = readonly [name: string, value: string | number];

export function clusterFields(machine: Participant): Field[] {
  const { core, state } = machine;
  const { view } = state;
  return [
    ['cluster_id', core.clusterId],
    ['generation', core.generation],
    ['store', core.storeId],
    ['coordinator', core.settings.coordinatorAddress],
    ['epoch', state.epoch.number],
    ['view_number', view?.number ?? 0],
    ['view_size', view?.members.length ?? 0],
    // As far as this participant was told: the coordinator knows better.
    ['in_view', isMember(view, core.storeId) ? 1 : 0],
    ['heard_ms_ago', core.heardAt === null ? -1 : Math.max(0, Math.round(core.now - core.heardAt))],
    ['resolved_txid', state.resolved.txid],
    ['synced_txid', core.syncedTxid],
    ['in_doubt', state.inDoubt.length],
    ['chain', state.resolved.chain],
    ['digest', state.table.digest()],
    ['keys', state.table.size],
    ['bytes', state.table.bytes],
    ['fit', state.fit ? 1 : 0],
    ['installing', state.installing ? 1 : 0],
    ['overridden', state.overridden ? 1 : 0],
    ['tail_uncertain_from', state.tailFrom],
    ['disk_full', core.diskFull ? 1 : 0],
  ];
}

export function statsFields(machine: Participant): Field[] {
  const { counters } = machine.core;
  return [
    ['commits', counters.commits],
    ['aborts', counters.aborts],
    ['refused_prepares', counters.refusedPrepares],
    ['reads', counters.reads],
    ['checkpoints', counters.checkpoints],
    ['checkpointing', machine.isCheckpointing ? 1 : 0],
    ['installs', counters.installs],
    ['scrubbed_shards', counters.scrubbedShards],
  ];
}
