/**
 * Faults of a disk that fails, fills up or is slow. Nothing that was synced is lost.
 */
import type { DISK_FAULTS, FaultsOf } from './fault-names.js';
import type { Faults } from './faults.js';
import type { SimProcess } from './process.js';

/** Of checkpoints that a fault asks for: they create, rename and remove. */
const CHECKPOINTS_MS = 1500;

export function diskFaults(faults: Faults): FaultsOf<typeof DISK_FAULTS> {
  const failing = (kind: 'append' | 'sync'): string => {
    const process = faults.anyProcess();
    process.disk.failing = kind;
    return `the next ${kind} of ${process.name} fails`;
  };
  return {
    failWrite: () => failing('append'),
    failSync: () => failing('sync'),
    failCreate: () => failStep(faults, 'create', faults.anyProcess()),
    // A coordinator renames nothing.
    failRename: () => failStep(faults, 'rename', faults.participant()),
    failTruncate: () => failStep(faults, 'truncate', faults.anyProcess()),
    fillDisk: () => {
      const process = faults.prng.chance(0.8) ? faults.participant() : faults.cluster.coordinator;
      const { disk } = process;
      disk.capacity = disk.used + faults.prng.below(4000);
      faults.later(2500, () => {
        disk.capacity = Infinity;
      });
      return `fill the disk of ${process.name}`;
    },
    slowDisk: () => {
      const { disk, name } = faults.anyProcess();
      const usual = faults.cluster.options.syncMs;
      disk.syncMs = 50 + faults.prng.below(1500);
      faults.later(2500, () => {
        disk.syncMs = usual;
      });
      return `a slow disk at ${name}`;
    },
  };
}

/**
 * Names and lengths are changed at starts, by checkpoints and for new epochs, and else seldom: one
 * of these is provoked.
 */
function failStep(
  faults: Faults,
  step: 'create' | 'rename' | 'truncate',
  process: SimProcess,
): string {
  const { coordinator, participants } = faults.cluster;
  const mayWait = participants.find((each) => each === process);
  const isAtStart = mayWait === undefined || (step === 'create' && faults.prng.chance(0.4));
  if (isAtStart) process.crash(faults.crashKind());
  process.disk.failing = step;
  if (isAtStart) process.start();
  else if (step === 'truncate') faults.away(coordinator, 100);
  else mayWait.askForCheckpoints(CHECKPOINTS_MS);
  return `the next ${step} of ${process.name} fails${isAtStart ? ', it starts anew' : ''}`;
}
