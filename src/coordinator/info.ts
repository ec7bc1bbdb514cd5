/**
 * What the coordinator tells of itself and its participants, for INFO: plain names and values.
 * Reads the machine and changes nothing in it but the note of when a participant's state changed.
 */
import { unreachable } from '../base/assert.js';
import { isMember } from '../base/ids.js';
import type { Coordinator } from './machine.js';
import type { Peer, PeerState } from './peer.js';

export type Field = readonly [name: string, value: string | number];

/** Where this participant stands, in one word; see `reasonOf` for why. */
export function peerState(machine: Coordinator, peer: Peer): PeerState {
  const { membership, peers, admission, core } = machine;
  const { established } = membership;
  const isSilent = peers.isSuspected(peer) || peer.data.state !== 'open';
  const isEstablished = isMember(established, peer.storeId ?? '');
  if (membership.has(peer) && isEstablished) {
    const isIn = core.phase === 'serving' ? peer.isFenced && peer.isReady : !isSilent;
    return isIn && !isSilent ? 'member' : 'suspected';
  }
  if (isSilent) return 'unreachable';
  if (membership.has(peer) || admission.isJoining(peer)) return 'joining';
  return established === null || peer.status?.empty === true ? 'new' : 'out';
}

/** Notes when each participant's state last changed. Called often enough for people. */
export function refreshPeerStates(machine: Coordinator): void {
  for (const peer of machine.peers.all) {
    const state = peerState(machine, peer);
    if (state === peer.state) continue;
    peer.state = state;
    peer.stateSince = machine.core.now;
  }
}

export function clusterFields(machine: Coordinator): Field[] {
  refreshPeerStates(machine);
  const { core, membership, peers } = machine;
  const { outcomes, settings } = core;
  const { established } = membership;
  const fields: Field[] = [
    ['cluster_id', core.clusterId],
    ['generation', core.generation],
    ['epoch', core.epoch.number],
    ['view_number', established?.number ?? 0],
    ['view_size', established?.members.length ?? 0],
    ['participants_configured', peers.all.length],
    ['min_participants', settings.minParticipants],
    ['state', core.phase],
    ['condition', core.condition],
    ['decided_txid', outcomes.decidedTxid],
    ['settled_txid', outcomes.settledTxid],
  ];
  if (established?.members.length === 1 && peers.all.length > 1) {
    fields.push(['warning', 'only one participant holds the data']);
  }
  for (const peer of peers.all) fields.push(participantField(machine, peer));
  return fields;
}

function participantField(machine: Coordinator, peer: Peer): Field {
  const values: readonly Field[] = [
    ['address', peer.address],
    ['state', peer.state],
    ['store', peer.storeId ?? ''],
    ['since_ms', Math.max(0, Math.round(machine.core.now - peer.stateSince))],
    ['reason', reasonOf(machine, peer).replaceAll(',', ';')],
    ['applied_txid', peer.position?.txid ?? 0],
  ];
  return [`participant${peer.index}`, values.map(([name, value]) => `${name}=${value}`).join(',')];
}

/** Why it does not do its part. Commas would separate it from the next value. */
function reasonOf({ peers }: Coordinator, peer: Peer): string {
  if (peer.unsound !== '') return peer.unsound;
  switch (peer.state) {
    case 'suspected':
    case 'unreachable':
      return peers.absence(peer);
    case 'joining':
    case 'out':
      return peer.removedBecause || 'it was not in the view when this coordinator started';
    case 'member':
    case 'new':
      return '';
    default:
      return unreachable(peer.state);
  }
}

export function statsFields(machine: Coordinator): Field[] {
  const { counters } = machine.core;
  const { commits, commands } = counters;
  return [
    ['commits', commits],
    ['commands_committed', commands],
    ['aborts_refused', counters.abortsRefused],
    ['aborts_too_few', counters.abortsTooFew],
    ['aborts_recovery', counters.abortsRecovery],
    ['unknowns', counters.unknowns],
    ['reads', counters.reads],
    ['rereads', counters.rereads],
    ['view_changes', counters.viewChanges],
    ['rejoins', counters.rejoins],
    ['rejoins_by_snapshot', counters.rejoinsBySnapshot],
    ['failed_rejoins', counters.failedRejoins],
    ['divergences', counters.divergences],
    ['batch_commands_last', counters.lastBatchCommands],
    ['batch_commands_largest', counters.largestBatchCommands],
    ['batch_commands_mean', commits === 0 ? 0 : Math.round((commands / commits) * 100) / 100],
  ];
}

/** What the members hold, as far as they said; they are equal but for what is on its way. */
export function storedAmount(machine: Coordinator): {
  readonly keys: number;
  readonly bytes: number;
} {
  const members = machine.membership.memberPeers();
  return {
    keys: Math.max(0, ...members.map((peer) => peer.keys)),
    bytes: Math.max(0, ...members.map((peer) => peer.bytes)),
  };
}
