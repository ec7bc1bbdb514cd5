/**
 * Faults that strike when much depends on what happens next, and chains of faults in which the
 * first makes the second one matter: two coordinators of which each reaches some participants, a
 * last holder of the data that leaves while the others return.
 *
 * A folder is lost here only while every other one is whole (`isIntact`), so that a right answer
 * exists at every moment, whatever was under way.
 */
import type { CoordinatorProcess } from './coordinator-process.js';
import type { FaultsOf, MOMENT_FAULTS } from './fault-names.js';
import { type Faults, NOT_NOW } from './faults.js';
import { MOMENTS, watchFor } from './moments.js';
import type { ParticipantProcess } from './participant-process.js';
import type { SimProcess } from './process.js';

const MAX_WAIT_MS = 2500;
/** In which a new coordinator makes sure that it is alone, and fences everybody. */
const TAKEOVER_MS = 4000;
const MAX_REIGN_MS = 3500;

export function momentFaults(faults: Faults): FaultsOf<typeof MOMENT_FAULTS> {
  return {
    crashAtMoment: () =>
      atMoment(faults, () => {
        const victims = somebody(faults);
        for (const victim of victims) {
          victim.crash(faults.crashKind());
          restart(faults, victim);
        }
        return `${names(victims)} die`;
      }),
    forgetAtMoment: () => atMoment(faults, () => forget(faults)),
    cutAtMoment: () => atMoment(faults, () => cutOff(faults)),
    rivals: () => rivals(faults),
    lastOneStanding: () => lastOneStanding(faults),
  };
}

/** Strikes at a moment that is drawn, or right after it. */
function atMoment(faults: Faults, strike: () => string): string {
  const { cluster, prng } = faults;
  const moment = oneOf(faults, MOMENTS);
  const delayMs = prng.chance(0.6) ? 0 : prng.below(8);
  faults.when(watchFor(moment, cluster), MAX_WAIT_MS, () => {
    const act = (): void => {
      faults.report(`struck: ${moment}`, strike());
    };
    if (delayMs === 0) act();
    else faults.later(1, act, delayMs);
  });
  return `at ${moment}`;
}

/** Coordinator, participants or both. */
function somebody(faults: Faults): SimProcess[] {
  const { cluster, prng } = faults;
  const leader = faults.leader();
  switch (prng.below(5)) {
    case 0:
      return [leader];
    case 1:
      return [faults.participant()];
    case 2:
      return [leader, faults.participant()];
    case 3:
      return [...cluster.participants];
    default:
      return [leader, ...cluster.participants];
  }
}

/** Soon or late, so that some are there long before the others. */
function restart(faults: Faults, process: SimProcess): void {
  faults.startLater(process, faults.prng.chance(0.5) ? 150 : 2500);
}

/** The coordinator's folder is lost or old, and some participants lose power in that moment. */
function forget(faults: Faults): string {
  const { cluster, prng } = faults;
  if (!faults.isIntact) return 'nothing: a folder is damaged already';
  const leader = faults.leader();
  const share = oneOf(faults, [0, 0.5, 1, 1]);
  const victims = cluster.participants.filter(() => prng.chance(share));
  for (const victim of victims) {
    victim.crash(faults.crashKind());
    restart(faults, victim);
  }
  leader.crash('killed');
  leader.disk.wipe();
  for (const process of new Set([leader, cluster.coordinator])) restart(faults, process);
  return `${leader.name} is wiped, ${names(victims)} die`;
}

/** Some participants do not hear the coordinator, or are not heard, for an instant or for long. */
function cutOff(faults: Faults): string {
  const { cluster, prng } = faults;
  const leader = faults.leader();
  const some = subset(faults, cluster.participants);
  const maxMs = oneOf(faults, [100, 1000, 3500]);
  const directions = oneOf(faults, ['to', 'from', 'both', 'both'] as const);
  const how = prng.chance(0.5) ? 'waits' : 'lost';
  const ms = 1 + prng.below(maxMs);
  for (const { name } of some) {
    if (directions !== 'from') faults.cut(leader.name, name, ms, how);
    if (directions !== 'to') faults.cut(name, leader.name, ms, how);
  }
  const lot = prng.below(3);
  if (lot === 0) {
    leader.crash(faults.crashKind());
    faults.startLater(leader, 20);
  } else if (lot === 1) {
    for (const each of some) {
      each.crash(faults.crashKind());
      faults.startLater(each, 20);
    }
  }
  const rest = ['the coordinator starts anew', 'they start anew', 'nobody dies'][lot] ?? '';
  return `${leader.name} and ${names(some)} are cut (${directions}, ${how}, ${ms} ms), ${rest}`;
}

/**
 * The coordinator is cut off, stopped or dead, perhaps in the middle of a change of views, and
 * another one takes over with an empty folder. Then the old one is back for some participants that
 * the new one reaches no more.
 */
function rivals(faults: Faults): string {
  const { cluster, prng } = faults;
  const { coordinator } = cluster;
  const rival = faults.secondCoordinator();
  if (rival.isRunning || !coordinator.isServing || !faults.isIntact) return NOT_NOW;
  const begin = (): void => {
    if (rival.isRunning) return;
    supersede(faults, coordinator, rival);
  };
  if (prng.chance(0.5)) {
    begin();
    return 'd takes over';
  }
  const removed = faults.participant();
  removed.crash(faults.crashKind());
  faults.startLater(removed, 2000);
  faults.when(watchFor('viewProposed', cluster), MAX_WAIT_MS, begin);
  return `d takes over when ${removed.name} leaves the view`;
}

function supersede(faults: Faults, old: CoordinatorProcess, rival: CoordinatorProcess): void {
  const { cluster, prng } = faults;
  const { wire, participants } = cluster;
  const how = prng.chance(0.5) ? 'waits' : 'lost';
  for (const { name } of participants) {
    faults.cut(old.name, name, TAKEOVER_MS + MAX_REIGN_MS, how);
    faults.cut(name, old.name, TAKEOVER_MS + MAX_REIGN_MS, how);
  }
  const lot = prng.below(3);
  if (lot === 0) old.crash(faults.crashKind());
  if (lot === 1) old.pause();
  rival.disk.wipe();
  rival.start();
  for (const client of cluster.clients) if (prng.chance(0.5)) client.abandon();
  const divide = (): void => {
    const back = subset(faults, participants);
    const isRestarted = prng.chance(0.5);
    for (const each of back) {
      faults.cut(rival.name, each.name, MAX_REIGN_MS, 'waits');
      faults.cut(each.name, rival.name, MAX_REIGN_MS, 'waits');
      if (isRestarted) each.crash(faults.crashKind());
      each.start();
      wire.heal(old.name, each.name);
      wire.heal(each.name, old.name);
    }
    if (old.isPaused) old.resume();
    old.start();
    faults.report('rivals: the old one is back', names(back));
  };
  const succeed = (): void => {
    const lost = faults.participant();
    lost.crash(faults.crashKind());
    faults.startLater(lost, 3000);
  };
  faults.when(
    () => rival.isServing,
    TAKEOVER_MS,
    () => {
      if (prng.chance(0.7)) divide();
      else succeed();
    },
  );
  faults.later(
    MAX_REIGN_MS,
    () => {
      rival.crash(faults.crashKind());
      for (const { name } of participants) {
        wire.heal(old.name, name);
        wire.heal(name, old.name);
      }
      if (old.isPaused) old.resume();
      old.start();
    },
    1500,
  );
}

/**
 * All members but one are away until the view is that one alone; then it goes as well, the others
 * return before it, and often the coordinator has lost its folder.
 */
function lastOneStanding(faults: Faults): string {
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

function subset(faults: Faults, all: readonly ParticipantProcess[]): ParticipantProcess[] {
  const some = all.filter(() => faults.prng.chance(0.5));
  return some.length === 0 || some.length === all.length ? [faults.participant()] : some;
}

function oneOf<T>(faults: Faults, choices: readonly T[]): T {
  const found = choices[faults.prng.below(choices.length)];
  if (found === undefined) throw new Error('there is something to choose from');
  return found;
}

function names(processes: readonly SimProcess[]): string {
  return processes.map(({ name }) => name).join(' ') || 'none';
}
