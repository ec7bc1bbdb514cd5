/**
 * Who looks after a simulated cluster as people and service managers do: starts again what ended of
 * itself for a reason that a fault explains, sets a damaged folder aside, and brings back into the
 * configuration who was left out too early. Any other end is a violation.
 */
import type { Faults } from './faults.js';
import type { SimProcess } from './process.js';

const INTERVAL_MS = 250;

/** Why a process may end: a planted fault, a full disk at its start, another coordinator. */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/planted: a write failed/, 'a write failed'],
  [/planted: a sync failed/, 'a sync failed'],
  [/planted: sync failed/, 'a folder sync failed'],
  [/planted: create failed/, 'a create failed'],
  [/planted: rename failed/, 'a rename failed'],
  [/planted: truncate failed/, 'a truncate failed'],
  [/no space left/, 'no space left'],
];
const TAKEN_OVER = /another coordinator|epoch \d+|took over|taken over/;
/** A coordinator without its folder, while what the one before it sent still arrives. */
const STILL_HEARD = /another coordinator .* is alive: this one has no log/;
/** Of a recovery that waits for somebody who must come back into the configuration. */
const NEEDS_ANOTHER = /which is not configured/;
/** Of one that may wait for such a one. */
const MAY_NEED_ANOTHER = /which is not configured|was not seen to be stored/;
/** A recovery that is under way may say so for a moment. */
const PATIENT_LOOKS = 6;
/** Memory is damaged, or a refill has begun in the store that is being forced. */
const UNFIT = /is damaged or half filled: force another one/;
const DAMAGED = /is damaged at byte|contradicts itself|both copies of the meta/;

function diskFailure(reason: string): string | undefined {
  return EXPLAINED.find(([pattern]) => pattern.test(reason))?.[1];
}

export class Supervisor {
  /** Looks in a row that found the coordinator waiting for somebody who is not configured. */
  private looksInNeed = 0;

  constructor(private readonly faults: Faults) {}

  start(): void {
    const { world } = this.faults.cluster;
    const look = (): void => {
      this.look();
      world.after(INTERVAL_MS, look);
    };
    world.after(INTERVAL_MS, look);
  }

  look(): void {
    const { coordinator, participants, second } = this.faults.cluster;
    const all: SimProcess[] = [coordinator, ...participants];
    for (const process of second === null ? all : [...all, second]) {
      if (!process.isRunning && process.endedFor !== '') this.revive(process);
    }
    this.noteRepaired();
    this.looksInNeed = this.isWaiting(NEEDS_ANOTHER) ? this.looksInNeed + 1 : 0;
    if (this.looksInNeed < PATIENT_LOOKS || second?.isRunning === true) return;
    // One that left long ago agrees with an old log, which must not hear that one alone.
    if (!coordinator.isOutdated || this.faults.hasAnsweredLately) this.configureAgain();
  }

  private noteRepaired(): void {
    const { cluster, damaged, replaced, backups, isIntact } = this.faults;
    if (isIntact || !cluster.isWhole) return;
    // That a member has died and came back as an old one, its coordinator may not know yet, and
    // its last vote may still be on the way.
    const given = cluster.coordinator.machine?.core.lastTxid ?? Infinity;
    const isRepaired = cluster.configured().every((each) => {
      const lastPrepared = each.machine?.state.lastPrepared ?? 0;
      return this.faults.isCurrent(each) && lastPrepared >= given;
    });
    if (!isRepaired) return;
    damaged.clear();
    replaced.clear();
    backups.clear();
    this.faults.onlyCopy = null;
  }

  /**
   * What a person must do, by the documents: a participant that was left alone with damaged memory,
   * or is bound by a second coordinator which is gone, is helped by a restart; a member that was
   * taken from the configuration too early comes back into it. False: there is nothing to do.
   */
  help(): boolean {
    const { cluster } = this.faults;
    const unfit = cluster.configured().filter(({ machine }) => machine?.state.fit === false);
    for (const participant of unfit) {
      cluster.marks.hit('operator: restarted a participant with damaged memory');
      participant.crash('killed');
      participant.start();
    }
    if (this.isWaiting(MAY_NEED_ANOTHER)) this.configureAgain();
    else if (cluster.second !== null) this.restartCoordinator();
    else return unfit.length > 0;
    return true;
  }

  private forceAnother(): void {
    const { coordinator, marks } = this.faults.cluster;
    const next = coordinator.alternatives.shift();
    if (next === undefined) return;
    marks.hit('operator: forced another one');
    coordinator.forcedView = next;
  }

  private isWaiting(why: RegExp): boolean {
    return why.test(this.faults.cluster.coordinator.machine?.core.condition ?? '');
  }

  private configureAgain(): void {
    const { cluster } = this.faults;
    const { coordinator } = cluster;
    cluster.marks.hit('operator: configured a participant again');
    const participants = cluster.participants.map(({ address }) => address);
    coordinator.settings = { ...coordinator.settings, participants };
    for (const participant of cluster.participants) participant.start();
    this.restartCoordinator();
  }

  private restartCoordinator(): void {
    const { coordinator, marks } = this.faults.cluster;
    marks.hit('operator: restarted the coordinator');
    coordinator.crash('killed');
    coordinator.start();
  }

  private repair(process: SimProcess): void {
    const { cluster, backups, replaced } = this.faults;
    const backup = backups.get(process);
    backups.delete(process);
    if (backup === undefined) {
      const whose =
        process === cluster.coordinator ? 'the damaged folder of c' : 'a damaged folder';
      cluster.marks.hit(`operator: set ${whose} aside`);
      process.disk.wipe();
      replaced.add(process);
    } else {
      cluster.marks.hit('operator: repaired a damaged folder');
      process.disk.restore(backup);
    }
  }

  private revive(process: SimProcess): void {
    const { cluster, damaged } = this.faults;
    const reason = process.endedFor;
    process.endedFor = '';
    if (DAMAGED.test(reason) && damaged.has(process)) {
      // There is nobody to fill it again: it must not be set aside.
      if (process === this.faults.onlyCopy?.process) {
        cluster.marks.hit('refused: a damaged folder, the only copy');
        return;
      }
      this.repair(process);
    } else if (TAKEN_OVER.test(reason) && cluster.second !== null) {
      cluster.marks.hit('ended: another coordinator took over');
      // Nobody keeps starting the one that lost.
      if (process === cluster.second) return;
    } else if (UNFIT.test(reason) && process === cluster.coordinator) {
      this.forceAnother();
    } else if (STILL_HEARD.test(reason) && process.disk.wasWiped) {
      cluster.marks.hit('ended: the last words of the coordinator before it came late');
    } else if (process.disk.capacity < Infinity || diskFailure(reason) !== undefined) {
      cluster.marks.hit(`ended: ${diskFailure(reason) ?? 'for want of room, in other words'}`);
    } else {
      cluster.violations.push(`${process.name} ended: ${reason}`);
    }
    cluster.world.after(50 + cluster.world.prng.below(800), () => {
      process.start();
    });
  }
}
