/**
 * Moments at which much depends on what happens next: a promise is half given, a decision is half
 * told. Faults that wait for one of them meet it far more often than faults at random times.
 *
 * Looks only; knows no faults.
 */
import type { Coordinator } from '../../src/coordinator/machine.js';
import type { ParticipantState } from '../../src/participant/state.js';
import type { Cluster } from './cluster.js';

export const MOMENTS = [
  'preparedBySome',
  'preparedByAll',
  'decided',
  'appliedBySome',
  'aborted',
  'viewProposed',
  'viewStoredBySome',
  'viewInstalled',
  'catchingUp',
  'joinerWaits',
  'fencedSome',
] as const;

export type Moment = (typeof MOMENTS)[number];

/** A coordinator that acts, and what its members know that are bound to it and run. */
interface Scene {
  readonly coordinator: Coordinator;
  readonly members: readonly ParticipantState[];
}

/** Whether the moment has come; the watch begins when it is made. */
export function watchFor(moment: Moment, cluster: Cluster): () => boolean {
  const before = countersOf(cluster);
  return () => {
    const scene = sceneOf(cluster);
    if (scene === null) return false;
    if (moment === 'aborted') return countersOf(cluster).aborts > before.aborts;
    if (moment === 'viewInstalled') return countersOf(cluster).view !== before.view;
    return IS_NOW[moment](scene);
  };
}

const IS_NOW: Readonly<
  Record<Exclude<Moment, 'aborted' | 'viewInstalled'>, (scene: Scene) => boolean>
> = {
  preparedBySome: ({ coordinator, members }) => {
    const prepared = members.map(({ lastPrepared }) => lastPrepared);
    const highest = Math.max(0, ...prepared);
    return highest > coordinator.core.toldTxid && highest > Math.min(...prepared);
  },
  preparedByAll: ({ coordinator, members }) =>
    members.length > 0 &&
    members.every(({ lastPrepared }) => lastPrepared > coordinator.core.toldTxid),
  decided: ({ coordinator, members }) =>
    members.every(({ resolved }) => resolved.txid < coordinator.core.toldTxid),
  appliedBySome: ({ members }) => {
    const resolved = members.map(({ resolved: { txid } }) => txid);
    return members.length > 0 && Math.max(...resolved) > Math.min(...resolved);
  },
  viewProposed: ({ coordinator }) =>
    coordinator.core.phase === 'serving' && coordinator.membership.isChanging,
  viewStoredBySome: ({ coordinator, members }) => {
    const { latest, isChanging } = coordinator.membership;
    return isChanging && members.some(({ view }) => view?.number === latest?.number);
  },
  catchingUp: ({ coordinator }) => {
    const { admission, peers } = coordinator;
    return peers.all.some((peer) => admission.isJoining(peer));
  },
  joinerWaits: ({ coordinator: { membership, peers, admission } }) =>
    membership.isChanging && peers.all.some((peer) => admission.isJoining(peer)),
  fencedSome: ({ coordinator }) => {
    const { core, peers } = coordinator;
    return core.phase === 'recovering' && peers.all.some(({ isFenced }) => isFenced);
  },
};

/** Of two coordinators the one whose epoch is the newer. */
function sceneOf({ coordinator: first, second, participants }: Cluster): Scene | null {
  const [one, two] = [first.machine, second?.machine ?? null];
  const isSecond = two !== null && two.core.epoch.number > (one?.core.epoch.number ?? 0);
  const coordinator = isSecond ? two : one;
  if (coordinator === null) return null;
  const { membership, core } = coordinator;
  const storeIds = membership.latest?.members.map(({ storeId }) => storeId) ?? [];
  const members = participants.flatMap(({ machine }) => {
    if (machine === null || !storeIds.includes(machine.core.storeId)) return [];
    return machine.state.epoch.nonce === core.epoch.nonce ? [machine.state] : [];
  });
  return { coordinator, members };
}

function countersOf(cluster: Cluster): { readonly aborts: number; readonly view: unknown } {
  const coordinator = sceneOf(cluster)?.coordinator;
  const { abortsRefused = 0, abortsTooFew = 0 } = coordinator?.core.counters ?? {};
  return { aborts: abortsRefused + abortsTooFew, view: coordinator?.membership.installed };
}
