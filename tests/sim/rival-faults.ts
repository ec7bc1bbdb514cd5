/**
 * Chains of faults in which the first makes the next one matter: two coordinators of which each
 * reaches some participants; a last holder of the data that leaves while the others return.
 */
import type { CoordinatorProcess } from './coordinator-process.js';
import { NOT_NOW } from './fault-names.js';
import type { Faults } from './faults.js';
import { watchFor } from './moments.js';
import type { ParticipantProcess } from './participant-process.js';
import { namesOf, type SimProcess } from './process.js';

/** In which what was provoked comes about, or does not. */
const MAX_WAIT_MS = 2500;
/** In which a new coordinator makes sure that it is alone, and fences everybody. */
const TAKEOVER_MS = 4000;
const MAX_REIGN_MS = 3500;

/**
 * The coordinator is cut off, stopped or dead, perhaps in the middle of a change of views, and
 * another one takes over with an empty folder. Then the old one is back for some participants that
 * the new one reaches no more.
 */
export function rivals(faults: Faults): string {
  const { cluster, prng } = faults;
  const { coordinator } = cluster;
  const rival = faults.secondCoordinator();
  if (rival.isRunning || !coordinator.isServing || !faults.isIntact) return NOT_NOW;
  if (prng.chance(0.4)) {
    supersede(faults, coordinator, rival, null);
    return 'd takes over';
  }
  const removed = faults.participant();
  faults.away(removed, 2000);
  faults.when(watchFor('viewProposed', cluster), MAX_WAIT_MS, () => {
    if (rival.isRunning || faults.onlyCopy !== null || faults.isOverriding) return;
    // Meanwhile it may have been started for fewer: an empty one would take a wiped one for all.
    supersede(faults, coordinator, faults.secondCoordinator(), removed);
  });
  return `d takes over when ${removed.name} leaves the view`;
}

function supersede(
  faults: Faults,
  old: CoordinatorProcess,
  rival: CoordinatorProcess,
  removed: ParticipantProcess | null,
): void {
  const { cluster, prng } = faults;
  const { participants } = cluster;
  const lot = prng.below(4);
  if (lot === 0) old.crash(faults.crashKind());
  else if (lot === 1) old.pause();
  else cutAll(faults, old, participants, TAKEOVER_MS + MAX_REIGN_MS);
  rival.disk.wipe();
  rival.start();
  cluster.marks.hit('rivals: a new one takes over');
  for (const client of cluster.clients) if (prng.chance(0.5)) client.abandon();
  const isSuccession = prng.chance(0.5);
  faults.when(
    () => rival.isServing,
    TAKEOVER_MS,
    () => {
      if (isSuccession) succeed(faults, removed);
      else divide(faults, old, rival);
    },
  );
  faults.later(
    MAX_REIGN_MS,
    () => {
      rival.crash(faults.crashKind());
      comeBack(faults, old, participants);
    },
    2000,
  );
}

/** The new coordinator loses a participant: it makes a view that the old one does not know. */
function succeed(faults: Faults, removed: ParticipantProcess | null): void {
  const others = faults.cluster.participants.filter((each) => each !== removed);
  const lost = faults.oneOf(others.length > 0 ? others : faults.cluster.participants);
  removed?.start();
  faults.away(lost, 3000);
  faults.report('rivals: the new one loses', lost.name);
}

/** The old coordinator is back for participants that the new one reaches no more. */
function divide(faults: Faults, old: CoordinatorProcess, rival: CoordinatorProcess): void {
  const { prng } = faults;
  const back = faults.someParticipants();
  const isRestarted = prng.chance(0.4);
  cutAll(faults, rival, back, MAX_REIGN_MS);
  for (const each of back) {
    if (isRestarted) each.crash(faults.crashKind());
    each.start();
  }
  faults.later(1500, () => {
    comeBack(faults, old, back);
    faults.report('rivals: the old one is back', namesOf(back));
  });
}

function cutAll(
  faults: Faults,
  from: SimProcess,
  participants: readonly ParticipantProcess[],
  maxMs: number,
): void {
  const how = faults.prng.chance(0.5) ? 'waits' : 'lost';
  for (const { name } of participants) {
    faults.cut(from.name, name, maxMs, how);
    faults.cut(name, from.name, maxMs, how);
  }
}

function comeBack(
  { cluster: { wire } }: Faults,
  old: SimProcess,
  participants: readonly ParticipantProcess[],
): void {
  for (const { name } of participants) {
    wire.heal(old.name, name);
    wire.heal(name, old.name);
  }
  if (old.isPaused) old.resume();
  old.start();
}

/**
 * All members but one are away until the view is that one alone; then it goes as well, the others
 * return before it, and often the coordinator has lost its folder.
 */
export function lastOneStanding(faults: Faults): string {
  const { cluster, prng } = faults;
  const { coordinator, participants } = cluster;
  const last = faults.participant();
  const others = participants.filter((each) => each !== last && each.isRunning);
  if (others.length === 0 || !faults.isIntact || !coordinator.isServing) return NOT_NOW;
  for (const each of others) each.crash(faults.crashKind());
  const isAlone = (): boolean => coordinator.machine?.membership.installed?.members.length === 1;
  const isForgotten = prng.chance(0.6);
  const leave = (): void => {
    last.crash(faults.crashKind());
    if (isForgotten && faults.isIntact) {
      coordinator.crash('killed');
      coordinator.disk.wipe();
      faults.startLater(coordinator, 300);
    }
    for (const each of others) faults.startLater(each, 300);
    faults.startLater(last, 3500);
    faults.report('the last one left', last.name);
  };
  faults.when(isAlone, MAX_WAIT_MS, () => {
    faults.later(400, leave);
  });
  for (const each of others) faults.startLater(each, 4000);
  return `all die but ${last.name}`;
}
