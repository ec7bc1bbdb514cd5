/**
 * Who looks after a simulated cluster as people and service managers do: starts again what ended of
 * itself for a reason that a fault explains, and sets a damaged folder aside. Any other end is a
 * violation.
 */
import type { Faults } from './faults.js';
import type { SimProcess } from './process.js';

const INTERVAL_MS = 250;

/** Why a process may end: a planted fault, a full disk at its start, another coordinator. */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/planted: a write failed/, 'a write failed'],
  [/planted: a sync failed/, 'a sync failed'],
  [/planted: sync failed/, 'a folder sync failed'],
  [/no space left/, 'no space left'],
];
const TAKEN_OVER = /another coordinator|epoch \d+|took over|taken over/;
/** A coordinator without its folder, while what the one before it sent still arrives. */
const STILL_HEARD = /another coordinator .* is alive: this one has no log/;
const DAMAGED = /is damaged at byte|contradicts itself|both copies of the meta/;

function diskFailure(reason: string): string | undefined {
  return EXPLAINED.find(([pattern]) => pattern.test(reason))?.[1];
}

export class Supervisor {
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
    const { cluster, damaged, replaced, backups } = this.faults;
    const { coordinator, participants, second } = cluster;
    const all: SimProcess[] = [coordinator, ...participants];
    for (const process of second === null ? all : [...all, second]) {
      if (!process.isRunning && process.endedFor !== '') this.revive(process);
    }
    if (!this.faults.isIntact && cluster.isWhole) {
      const isSound = cluster.configured().every(({ machine }) => {
        const state = machine?.state;
        return state?.fit === true && state.tailFrom === 0;
      });
      if (isSound) {
        damaged.clear();
        replaced.clear();
        backups.clear();
      }
    }
  }

  private repair(process: SimProcess): void {
    const { cluster, backups, replaced } = this.faults;
    const backup = backups.get(process);
    backups.delete(process);
    if (backup === undefined) {
      cluster.marks.hit('operator: set a damaged folder aside');
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
      this.repair(process);
    } else if (TAKEN_OVER.test(reason) && cluster.second !== null) {
      cluster.marks.hit('ended: another coordinator took over');
      // Nobody keeps starting the one that lost.
      if (process === cluster.second) return;
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
