/**
 * What was committed and is not in the coordinator's log yet is bounded: nothing is begun while too
 * many records wait for its disk, or while none of those that wait has got there for too long. The
 * time is counted from a look at which the disk was seen to go on, so it is rather too short.
 */
import { MAX_UNSYNCED_MS, MAX_UNSYNCED_RECORDS } from '../../src/base/limits.js';
import type { Coordinator } from '../../src/coordinator/machine.js';

interface Seen {
  readonly synced: number;
  readonly unsynced: number;
  /** By the clock of the machine. */
  readonly movedAt: number;
  readonly lastTxid: number;
  readonly isBehind: boolean;
}

export class LogBound {
  private readonly seen = new WeakMap<Coordinator, Seen>();

  constructor(private readonly complain: (text: string) => void) {}

  look(machine: Coordinator): void {
    const { core } = machine;
    const { gate, lastTxid, now } = core;
    const before = this.seen.get(machine);
    const unsynced = gate.appended - gate.synced;
    // The machine's clock stands still between its steps: what is new came after the last look.
    const isNew = before === undefined || before.unsynced === 0 || unsynced === 0;
    const hasMoved = isNew || gate.synced !== before.synced;
    const movedAt = hasMoved ? now : before.movedAt;
    const isLate = unsynced > 0 && now - movedAt >= MAX_UNSYNCED_MS;
    const isBehind = core.phase === 'serving' && (unsynced >= MAX_UNSYNCED_RECORDS || isLate);
    this.seen.set(machine, { synced: gate.synced, unsynced, movedAt, lastTxid, isBehind });
    if (hasMoved || !before.isBehind || !isBehind || lastTxid === before.lastTxid) return;
    this.complain(`transaction ${lastTxid} is begun while ${unsynced} records wait for the disk`);
  }
}
