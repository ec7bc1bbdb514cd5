/**
 * What is on the disk of a process as its machine knows it: by the numbers of its own log records,
 * not by what it tells others. Knows nothing of clusters.
 */
import type { TxId } from '../../src/base/ids.js';
import type { Lsn, SyncGate } from '../../src/base/sync-gate.js';
import type { Participant } from '../../src/participant/machine.js';

/** The last transaction whose PREPARED is synced, and that of all before it. */
export function durablyPrepared({ core: { gate }, state }: Participant): TxId {
  const unsynced = state.inDoubt.findIndex(({ lsn }) => lsn > gate.synced);
  return state.resolved.txid + (unsynced < 0 ? state.inDoubt.length : unsynced);
}

/**
 * Things that appear one after the other, each with a record of its own in the log: the record is
 * behind all that was appended when the thing was not there yet. Who is looked at now and then is
 * never accused wrongly by that, for the true number is higher.
 */
export class Recorded {
  /** At the last look; null: nobody has looked, so what is there may have been read from disk. */
  private appended: Lsn | null = null;
  private readonly behind = new Map<string, Lsn>();

  look(gate: SyncGate, names: Iterable<string>): void {
    for (const name of names) {
      if (!this.behind.has(name)) this.behind.set(name, this.appended ?? -1);
    }
    this.appended = gate.appended;
  }

  /** Its record is certainly not on disk. */
  isUnsynced(gate: SyncGate, name: string): boolean {
    const behind = this.behind.get(name);
    return behind !== undefined && gate.synced <= behind;
  }
}

/** One for each machine, which lives no longer than its process. */
export class RecordedBy<Machine extends object> {
  private readonly known = new WeakMap<Machine, Recorded>();

  of(machine: Machine): Recorded {
    const known = this.known.get(machine) ?? new Recorded();
    this.known.set(machine, known);
    return known;
  }
}
