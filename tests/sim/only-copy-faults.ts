/**
 * Faults of the only copy: the folder of the one participant that there is becomes damaged, lost or
 * older. Nobody else has the data, so nothing right can be served: a refusal is the right answer.
 * The coordinator's log is what gives a loss away, so it is on disk then, and stays. What a person
 * brings back in the end is the folder as it was (`refusal.ts`).
 */
import { type FaultsOf, NOT_NOW, type ONLY_COPY_FAULTS } from './fault-names.js';
import type { Faults } from './faults.js';
import { restore, rot } from './folder-damage.js';
import type { ParticipantProcess } from './participant-process.js';

/** What was damaged, and what it was before. */
export interface OnlyCopy {
  readonly process: ParticipantProcess;
  readonly before: ReadonlyMap<string, Buffer>;
  readonly origin: string;
}

interface OldCopy {
  readonly process: ParticipantProcess;
  readonly copy: ReadonlyMap<string, Buffer>;
  readonly at: number;
}

/** A copy is older than what was written since. */
const MIN_AGE_MS = 400;

export function onlyCopyFaults(faults: Faults): FaultsOf<typeof ONLY_COPY_FAULTS> {
  const { world } = faults.cluster;
  let old: OldCopy | null = null;
  return {
    rotOnlyCopy: () => {
      const process = endangered(faults);
      if (process === null) return NOT_NOW;
      const what = rot(faults, process, 'the only copy');
      faults.startLater(process);
      return `${what}, of the only one`;
    },
    loseOnlyCopy: () => {
      const process = endangered(faults);
      if (process === null) return NOT_NOW;
      process.disk.wipe();
      faults.replaced.add(process);
      faults.startLater(process);
      return `${process.name}, the only one, loses its folder`;
    },
    restoreOnlyCopy: () => {
      const process = exposed(faults);
      if (process === null) return NOT_NOW;
      if (old?.process !== process) old = { process, copy: process.disk.save(), at: world.now };
      if (world.now < old.at + MIN_AGE_MS || endangered(faults) === null) return NOT_NOW;
      const how = restore(faults, process, old.copy, 'the only copy');
      old = null;
      faults.replaced.add(process);
      return `restore an old folder of ${process.name}, the only one, ${how}`;
    },
  };
}

/** The one participant, while all that it holds is known to be on its disk and committed. */
function exposed(faults: Faults): ParticipantProcess | null {
  const [only, ...others] = faults.cluster.configured();
  if (!only?.machine || others.length > 0 || !faults.isSafe) return null;
  const { core, state } = only.machine;
  // A vote may be under way: the commit that it leads to would be in memory only.
  return core.refusedTxid === 0 && state.inDoubt.length === 0 ? only : null;
}

/** It is dead now, and what it held is kept aside. */
function endangered(faults: Faults): ParticipantProcess | null {
  const process = exposed(faults);
  if (process === null) return null;
  process.crash('killed');
  const { disk } = process;
  faults.onlyCopy = { process, before: disk.save(), origin: disk.origin };
  return process;
}
