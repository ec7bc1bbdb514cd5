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
import { type Moment, MOMENTS, watchFor } from './moments.js';
import type { ParticipantProcess } from './participant-process.js';
import type { CrashKind, SimProcess } from './process.js';
import type { SimDisk } from './sim-disk.js';

const MAX_WAIT_MS = 2500;
/** In which a new coordinator makes sure that it is alone, and fences everybody. */
const TAKEOVER_MS = 4000;
const MAX_REIGN_MS = 3500;

interface Occasion {
  readonly moment: Moment;
  /** No disk has synced anything since. */
  readonly isStalled: boolean;
}

export function momentFaults(faults: Faults): FaultsOf<typeof MOMENT_FAULTS> {
  return {
    crashAtMoment: () => atMoment(faults, ({ isStalled }) => crashSome(faults, isStalled)),
    forgetAtMoment: () => atMoment(faults, ({ isStalled }) => forget(faults, isStalled)),
    cutAtMoment: () => atMoment(faults, ({ moment }) => cutOff(faults, moment)),
    rivals: () => rivals(faults),
    lastOneStanding: () => lastOneStanding(faults),
  };
}

/** Strikes at a moment that is drawn, right after it, or while all disks stall since then. */
function atMoment(faults: Faults, strike: (occasion: Occasion) => string): string {
  const { cluster, prng } = faults;
  const mayRefuse = cluster.options.minParticipants > 1;
  const moment = mayRefuse && prng.chance(0.4) ? 'aborted' : oneOf(faults, MOMENTS);
  // An abort is told when every disk has it: that takes a moment of its own.
  const isStalled = prng.chance(moment === 'aborted' ? 0.8 : 0.35);
  const soonMs = prng.chance(0.6) ? 0 : prng.below(8);
  const delayMs = isStalled ? prng.below(400) : soonMs;
  faults.when(watchFor(moment, cluster), MAX_WAIT_MS, () => {
    if (isStalled) for (const { disk } of cluster.participants) stall(faults, disk, 600);
    const act = (): void => {
      faults.report(`struck: ${moment}`, strike({ moment, isStalled }));
    };
    if (delayMs === 0) act();
    else faults.later(1, act, delayMs);
  });
  const provoked = prng.chance(0.7) ? provoke(faults, moment) : '';
  return `at ${moment}${isStalled ? ' and a stall of the disks' : ''}${provoked}`;
}

/** What leads to the moment, where the usual traffic seldom does. */
function provoke(faults: Faults, moment: Moment): string {
  const { cluster, prng } = faults;
  switch (moment) {
    case 'aborted': {
      const fewest = Math.max(2, cluster.options.minParticipants);
      const victims = cluster.configured().slice(fewest - 1);
      for (const victim of victims) away(faults, victim, 3000);
      return `, ${names(victims)} leave`;
    }
    case 'viewProposed':
    case 'viewStoredBySome':
    case 'viewInstalled':
    case 'catchingUp':
    case 'joinerWaits': {
      const victim = faults.participant();
      away(faults, victim, prng.chance(0.5) ? 1300 : 2000);
      return `, ${victim.name} leaves`;
    }
    case 'fencedSome':
      away(faults, faults.leader(), 100);
      return ', the coordinator starts anew';
    default:
      return '';
  }
}

function away(faults: Faults, process: SimProcess, maxMs: number): void {
  process.crash(faults.crashKind());
  faults.startLater(process, maxMs);
}

function stall(faults: Faults, disk: SimDisk, ms: number): void {
  disk.syncMs = ms;
  faults.later(
    1,
    () => {
      disk.syncMs = faults.cluster.options.syncMs;
    },
    ms,
  );
}

function crashSome(faults: Faults, isStalled: boolean): string {
  const victims = somebody(faults);
  for (const victim of victims) {
    victim.crash(crashKind(faults, isStalled));
    restart(faults, victim);
  }
  return `${names(victims)} die`;
}

/** What a stalled disk has not written is lost by a power cut alone. */
function crashKind(faults: Faults, isStalled: boolean): CrashKind {
  return isStalled && faults.prng.chance(0.7) ? 'powerCut' : faults.crashKind();
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
function forget(faults: Faults, isStalled: boolean): string {
  const { cluster, prng } = faults;
  if (!faults.isIntact) return 'nothing: a folder is damaged already';
  const leader = faults.leader();
  const share = isStalled ? 1 : oneOf(faults, [0, 0.5, 1, 1]);
  const victims = cluster.participants.filter(() => prng.chance(share));
  for (const victim of victims) {
    victim.crash(crashKind(faults, isStalled));
    restart(faults, victim);
  }
  leader.crash('killed');
  leader.disk.wipe();
  for (const process of new Set([leader, cluster.coordinator])) restart(faults, process);
  return `${leader.name} is wiped, ${names(victims)} die`;
}

/** Some participants do not hear the coordinator, or are not heard, for an instant or for long. */
function cutOff(faults: Faults, moment: Moment): string {
  const { cluster, prng } = faults;
  const leader = faults.leader();
  const ahead = moment === 'preparedBySome' && prng.chance(0.6) ? mostPrepared(faults) : [];
  const some = ahead.length > 0 ? ahead : subset(faults, cluster.participants);
  const maxMs = oneOf(faults, [100, 1000, 3500]);
  const directions = oneOf(faults, ['to', 'from', 'both', 'both'] as const);
  const how = prng.chance(0.5) ? 'waits' : 'lost';
  const ms = 1 + prng.below(maxMs);
  for (const { name } of some) {
    if (directions !== 'from') faults.cut(leader.name, name, ms, how);
    if (directions !== 'to') faults.cut(name, leader.name, ms, how);
  }
  const lot = prng.below(4);
  if (lot < 2) away(faults, leader, 20);
  if (lot === 1) {
    const others = cluster.participants.filter((each) => !some.includes(each));
    for (const { disk } of others) stall(faults, disk, 200 + prng.below(1500));
  }
  if (lot === 2) for (const each of some) away(faults, each, 20);
  const rest =
    ['it starts anew', 'it starts anew, other disks stall', 'they start anew', ''][lot] ?? '';
  const cut = `${directions}, ${how}, ${ms} ms`;
  return `${leader.name} and ${names(some)} are cut (${cut}), ${rest}`;
}

/** Participants that hold more than others. */
function mostPrepared({ cluster }: Faults): ParticipantProcess[] {
  const prepared = (each: ParticipantProcess): number => each.machine?.state.lastPrepared ?? 0;
  const least = Math.min(...cluster.participants.map(prepared));
  return cluster.participants.filter((each) => prepared(each) > least);
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
  if (prng.chance(0.4)) {
    supersede(faults, coordinator, rival, null);
    return 'd takes over';
  }
  const removed = faults.participant();
  away(faults, removed, 2000);
  faults.when(watchFor('viewProposed', cluster), MAX_WAIT_MS, () => {
    if (!rival.isRunning) supersede(faults, coordinator, rival, removed);
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

/** The new coordinator loses a participant, so it makes a view that the old one knows nothing of. */
function succeed(faults: Faults, removed: ParticipantProcess | null): void {
  const others = faults.cluster.participants.filter((each) => each !== removed);
  const lost = oneOf(faults, others.length > 0 ? others : faults.cluster.participants);
  removed?.start();
  away(faults, lost, 3000);
  faults.report('rivals: the new one loses', lost.name);
}

/** The old coordinator is back for participants that the new one reaches no more. */
function divide(faults: Faults, old: CoordinatorProcess, rival: CoordinatorProcess): void {
  const { cluster, prng } = faults;
  const back = subset(faults, cluster.participants);
  const isRestarted = prng.chance(0.4);
  cutAll(faults, rival, back, MAX_REIGN_MS);
  for (const each of back) {
    if (isRestarted) each.crash(faults.crashKind());
    each.start();
  }
  faults.later(1500, () => {
    comeBack(faults, old, back);
    faults.report('rivals: the old one is back', names(back));
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
