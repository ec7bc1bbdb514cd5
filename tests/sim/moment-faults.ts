/**
 * Faults that strike when much depends on what happens next.
 *
 * A folder is lost here only while every other one is whole (`isIntact`), so that a right answer
 * exists at every moment, whatever was under way.
 */
import { type FaultName, type FaultsOf, type MOMENT_FAULTS, NOT_NOW } from './fault-names.js';
import type { Faults } from './faults.js';
import { type Moment, MOMENTS, watchFor } from './moments.js';
import type { ParticipantProcess } from './participant-process.js';
import { type CrashKind, namesOf, type SimProcess } from './process.js';
import { lastOneStanding, rivals } from './rival-faults.js';

const MAX_WAIT_MS = 2500;

interface Occasion {
  readonly moment: Moment;
  /** No disk has synced anything since. */
  readonly isStalled: boolean;
}

export function momentFaults(faults: Faults): FaultsOf<typeof MOMENT_FAULTS> {
  return {
    crashAtMoment: () =>
      atMoment(faults, 'crashAtMoment', ({ isStalled }) => crashSome(faults, isStalled)),
    forgetAtMoment: () =>
      atMoment(faults, 'forgetAtMoment', ({ isStalled }) => forget(faults, isStalled)),
    cutAtMoment: () => atMoment(faults, 'cutAtMoment', ({ moment }) => cutOff(faults, moment)),
    rivals: () => rivals(faults),
    lastOneStanding: () => lastOneStanding(faults),
  };
}

/** Strikes at a moment that is drawn, right after it, or while all disks stall since then. */
function atMoment(faults: Faults, name: FaultName, strike: (occasion: Occasion) => string): string {
  const { cluster, prng } = faults;
  const mayRefuse = cluster.options.minParticipants > 1;
  const moment = mayRefuse && prng.chance(0.4) ? 'aborted' : faults.oneOf(MOMENTS);
  // An abort is told when every disk has it: that takes a moment of its own.
  const isStalled = prng.chance(moment === 'aborted' ? 0.8 : 0.35);
  const soonMs = prng.chance(0.6) ? 0 : prng.below(8);
  const delayMs = isStalled ? prng.below(400) : soonMs;
  faults.when(watchFor(moment, cluster), MAX_WAIT_MS, () => {
    if (isStalled) for (const { disk } of cluster.participants) faults.stall(disk, 600);
    const act = (): void => {
      const done = strike({ moment, isStalled });
      faults.report(`${done === NOT_NOW ? 'spared' : 'struck'}: ${moment}`, done);
      if (done !== NOT_NOW) cluster.marks.hit(`struck: ${name}`);
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
      for (const victim of victims) faults.away(victim, 3000);
      return `, ${namesOf(victims)} leave`;
    }
    case 'viewProposed':
    case 'viewStoredBySome':
    case 'viewInstalled':
    case 'catchingUp':
    case 'joinerWaits': {
      const victim = faults.participant();
      faults.away(victim, prng.chance(0.5) ? 1300 : 2000);
      return `, ${victim.name} leaves`;
    }
    case 'fencedSome':
      faults.away(faults.leader(), 100);
      return ', the coordinator starts anew';
    default:
      return '';
  }
}

function crashSome(faults: Faults, isStalled: boolean): string {
  const victims = somebody(faults);
  for (const victim of victims) {
    victim.crash(crashKind(faults, isStalled));
    restart(faults, victim);
  }
  return `${namesOf(victims)} die`;
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
  // A folder is damaged already.
  if (!faults.isIntact) return NOT_NOW;
  const leader = faults.leader();
  const share = isStalled ? 1 : faults.oneOf([0, 0.5, 1, 1]);
  const victims = cluster.participants.filter(() => prng.chance(share));
  for (const victim of victims) {
    victim.crash(crashKind(faults, isStalled));
    restart(faults, victim);
  }
  leader.crash('killed');
  leader.disk.wipe();
  for (const process of new Set([leader, cluster.coordinator])) restart(faults, process);
  return `${leader.name} is wiped, ${namesOf(victims)} die`;
}

/** Some participants do not hear the coordinator, or are not heard, for an instant or for long. */
function cutOff(faults: Faults, moment: Moment): string {
  const { cluster, prng } = faults;
  const leader = faults.leader();
  const ahead = moment === 'preparedBySome' && prng.chance(0.6) ? mostPrepared(faults) : [];
  const some = ahead.length > 0 ? ahead : faults.someParticipants();
  const maxMs = faults.oneOf([100, 1000, 3500]);
  const directions = faults.oneOf(['to', 'from', 'both', 'both'] as const);
  const how = prng.chance(0.5) ? 'waits' : 'lost';
  const ms = 1 + prng.below(maxMs);
  for (const { name } of some) {
    if (directions !== 'from') faults.cut(leader.name, name, ms, how);
    if (directions !== 'to') faults.cut(name, leader.name, ms, how);
  }
  const lot = prng.below(4);
  if (lot < 2) faults.away(leader, 20);
  if (lot === 1) {
    const others = cluster.participants.filter((each) => !some.includes(each));
    for (const { disk } of others) faults.stall(disk, 200 + prng.below(1500));
  }
  if (lot === 2) for (const each of some) faults.away(each, 20);
  const rest =
    ['it starts anew', 'it starts anew, other disks stall', 'they start anew', ''][lot] ?? '';
  const cut = `${directions}, ${how}, ${ms} ms`;
  return `${leader.name} and ${namesOf(some)} are cut (${cut}), ${rest}`;
}

/** Participants that hold more than others. */
function mostPrepared({ cluster }: Faults): ParticipantProcess[] {
  const prepared = (each: ParticipantProcess): number => each.machine?.state.lastPrepared ?? 0;
  const least = Math.min(...cluster.participants.map(prepared));
  return cluster.participants.filter((each) => prepared(each) > least);
}
