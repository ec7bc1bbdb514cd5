/**
 * An operator's override (`--force_view`): one participant's store becomes the truth. It is one
 * that holds all that anybody was told, so nothing acknowledged may be missing afterwards. The
 * coordinator does not know that, and often the store is in no view that it knows.
 *
 * Until everybody has heard of the override, those who have not are as right as before. So no other
 * folder is lost and no second coordinator is started meanwhile (`Faults.isOverriding`).
 */
import type { Coordinator } from '../../src/coordinator/machine.js';
import type { CoordinatorProcess } from './coordinator-process.js';
import { type FaultsOf, NOT_NOW, type OVERRIDE_FAULTS } from './fault-names.js';
import { durablyPrepared } from './durable.js';
import type { Faults } from './faults.js';
import type { ParticipantProcess } from './participant-process.js';
import { namesOf, type SimProcess } from './process.js';

/** Until a member that is cut off has left the view. */
const MAX_WAIT_MS = 3000;
const MAX_CUT_MS = 5000;

export function overrideFaults(faults: Faults): FaultsOf<typeof OVERRIDE_FAULTS> {
  return { forceView: () => forceView(faults) };
}

function forceView(faults: Faults): string {
  const { cluster, prng } = faults;
  const { coordinator } = cluster;
  const process = faults.spare();
  if (process === null) return NOT_NOW;
  const { machine } = process;
  const leader = coordinator.machine;
  if (prng.chance(0.3)) return holdsAll(faults, process) ? strike(faults, process) : NOT_NOW;
  const ms = 1500 + prng.below(MAX_CUT_MS - 1500);
  const how = prng.chance(0.5) ? 'waits' : 'lost';
  faults.cut(coordinator.name, process.name, ms, how);
  faults.cut(process.name, coordinator.name, ms, how);
  const hasLeft = (): boolean => {
    if (leader === null || coordinator.machine !== leader || process.machine !== machine)
      return false;
    if (leader.membership.isChanging || !isOutside(leader, process)) return false;
    // What it gets from a donor meanwhile is in memory at first.
    const { gate } = process.machine?.core ?? {};
    return gate?.synced === gate?.appended && holdsAll(faults, process);
  };
  faults.when(hasLeft, MAX_WAIT_MS, () => strike(faults, process));
  return `${process.name} is cut off, to be forced when it has left the view`;
}

/** All that the coordinator has told, and each ABORT of it on disk. */
function holdsAll(faults: Faults, process: ParticipantProcess): boolean {
  const { cluster, isIntact } = faults;
  const { machine } = process;
  const { coordinator, second } = cluster;
  const { core } = coordinator.machine ?? {};
  if (core?.phase !== 'serving' || second?.isRunning === true) return false;
  if (machine === null || !machine.state.fit || machine.state.installing) return false;
  if (!isIntact || coordinator.isPaused || machine.state.epoch.nonce !== core.epoch.nonce)
    return false;
  return faults.areAbortsSynced([process]) && durablyPrepared(machine) >= core.toldTxid;
}

function strike(faults: Faults, process: ParticipantProcess): string {
  const { cluster, prng } = faults;
  const { coordinator } = cluster;
  const others = cluster.configured().filter((each) => each !== process);
  const share = faults.oneOf([0, 0.5, 1]);
  const victims = others.filter(() => prng.chance(share));
  // A refill that was asked for before may still begin, and leave it half filled.
  coordinator.alternatives = others.filter((each) => holdsAll(faults, each)).map(addressOf);
  if (coordinator.alternatives.length === 0) return NOT_NOW;
  const kind = faults.crashKind();
  coordinator.crash(mayBeVoided(coordinator, process) ? 'powerCut' : kind);
  const before = new Map([coordinator, ...others].map((each) => [each, each.disk.save()] as const));
  const isForgotten = prng.chance(0.3);
  if (isForgotten) coordinator.disk.wipe();
  coordinator.forcedView = process.address;
  for (const victim of victims) victim.crash(faults.crashKind());
  for (const victim of victims) faults.startLater(victim, 4000);
  for (const each of cluster.configured()) expectToHear(faults, each);
  faults.startLater(coordinator, 500);
  const text = `${process.name} is forced, ${namesOf(victims)} die${isForgotten ? ', c is wiped' : ''}`;
  faults.report('struck: forceView', text);
  if (prng.chance(0.7)) strikeAgain(faults, process, before);
  return text;
}

function isOutside({ membership, peers }: Coordinator, { address }: ParticipantProcess): boolean {
  const peer = peers.byAddress(address);
  return peer !== undefined && !membership.has(peer);
}

/** A catch-up that was asked for begins with that; who loses power asks nobody. */
function mayBeVoided(
  { machine: leader }: CoordinatorProcess,
  process: ParticipantProcess,
): boolean {
  const prepared = process.machine?.state.inDoubt.length ?? 0;
  return leader !== null && isOutside(leader, process) && prepared > 0;
}

/**
 * When all have heard of it and not all are members again: all die, a folder is lost or the one of
 * before the override, and the forced store is the last to return.
 */
function strikeAgain(
  faults: Faults,
  forced: ParticipantProcess,
  before: ReadonlyMap<SimProcess, ReadonlyMap<string, Buffer>>,
): void {
  const { cluster, prng } = faults;
  const { coordinator, participants } = cluster;
  const isHalfDone = (): boolean => {
    const { machine } = coordinator;
    if (machine?.core.phase !== 'serving' || machine.membership.isChanging) return false;
    return faults.isIntact && machine.membership.size < cluster.configured().length;
  };
  const act = (): void => {
    if (!isHalfDone()) return;
    for (const each of [coordinator, ...participants]) each.crash(faults.crashKind());
    const lost = faults.oneOf(prng.chance(0.7) ? [coordinator] : [...before.keys()]);
    const copy = lost === coordinator && prng.chance(0.5) ? undefined : before.get(lost);
    if (copy === undefined) lost.disk.wipe();
    else lost.disk.restore(copy);
    if (lost !== coordinator) faults.replaced.add(lost);
    for (const each of participants) faults.startLater(each, each === forced ? 5000 : 150);
    if (prng.chance(0.5)) {
      coordinator.start();
      coordinator.crashAtEffect(1 + prng.below(40), faults.crashKind());
    }
    faults.startLater(coordinator, 300);
    const what = copy === undefined ? 'is wiped' : 'has its old folder';
    faults.report('struck: an override, half done', `${lost.name} ${what}`);
  };
  faults.when(isHalfDone, MAX_WAIT_MS, () => {
    for (const each of participants) if (each !== forced) holdUp(faults, each, forced);
    faults.later(600, act);
  });
}

/** It is not filled again soon, or nobody hears soon that it is. */
function holdUp(faults: Faults, process: ParticipantProcess, donor: ParticipantProcess): void {
  const { cluster, prng } = faults;
  const lot = prng.below(3);
  if (lot === 0) faults.cut(donor.name, process.name, 1500, 'waits');
  if (lot === 1)
    faults.when(
      () => isFilled(process),
      MAX_WAIT_MS,
      () => {
        faults.cut(process.name, cluster.coordinator.name, 1500, 'waits');
      },
    );
}

function isFilled({ machine }: ParticipantProcess): boolean {
  return machine !== null && machine.state.fit && !machine.state.overridden;
}

function addressOf({ address }: ParticipantProcess): string {
  return address;
}

/** It has heard of the override, and will know of it after any crash. */
function expectToHear(faults: Faults, process: ParticipantProcess): void {
  const { coordinator } = faults.cluster;
  faults.unaware.add(process);
  const hasHeard = (): boolean => {
    const { core } = coordinator.machine ?? {};
    const { machine } = process;
    if (core === undefined || machine === null || coordinator.forcedView !== '') return false;
    const { gate } = machine.core;
    const isBound = machine.state.epoch.nonce === core.epoch.nonce;
    return isBound && gate.synced === gate.appended;
  };
  faults.when(hasHeard, Infinity, () => faults.unaware.delete(process));
}
