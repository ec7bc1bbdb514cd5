/**
 * Faults of folders, memory and operators: what is written is lost, damaged or replaced by an older
 * copy. Those that destroy something wait for a moment when nothing depends on it.
 */
import type { Epoch } from '../../src/base/ids.js';
import { changeConfiguration, secondOfOtherList, startSecond } from './configuration-faults.js';
import { type FaultsOf, type FOLDER_FAULTS, type OPERATOR_FAULTS, NOT_NOW } from './fault-names.js';
import type { Faults } from './faults.js';
import { flipOnDisk, restore, rot, tear } from './folder-damage.js';
import { COLD_KEYS } from './memory-rot.js';
import type { ParticipantProcess } from './participant-process.js';
import type { SimProcess } from './process.js';

/** Of a checkpoint that a fault asks for. */
const CHECKPOINT_WITHIN_MS = 1500;

/** A folder as it was. */
interface Copy {
  readonly files: ReadonlyMap<string, Buffer>;
  /** Of the epoch that its process had promised; '' if it was not running. */
  readonly nonce: string;
  /** What is there now is another store. */
  isReplaced: boolean;
}

type DamageFaults = FaultsOf<typeof FOLDER_FAULTS> & FaultsOf<typeof OPERATOR_FAULTS>;

export function damageFaults(faults: Faults): DamageFaults {
  return { ...folderFaults(faults), ...operatorFaults(faults) };
}

function folderFaults(faults: Faults): FaultsOf<typeof FOLDER_FAULTS> {
  const { cluster } = faults;
  const saved = new Map<ParticipantProcess, Copy>();
  const replace = (process: ParticipantProcess): void => {
    wipe(process);
    faults.replaced.add(process);
    const copy = saved.get(process);
    if (copy !== undefined) copy.isReplaced = true;
  };
  /** Whose copy holds damage that was planted before. */
  let savedDamaged: ReadonlySet<SimProcess> = new Set();
  return {
    wipeParticipant: () => {
      const process = faults.spare();
      if (process === null) return NOT_NOW;
      replace(process);
      faults.startLater(process);
      return `wipe ${process.name}`;
    },
    wipeInTurn: () => {
      if (faults.spare() === null) return NOT_NOW;
      const next = [...cluster.configured()];
      const step = (): void => {
        if (faults.spare() !== null) {
          const process = next.pop();
          if (process !== undefined && cluster.configured().includes(process)) {
            replace(process);
            process.start();
          }
        }
        if (next.length > 0) faults.later(400, step, 100);
      };
      step();
      return 'wipe all in turn';
    },
    restoreParticipant: () => {
      const process = faults.participant();
      const copy = saved.get(process);
      if (copy === undefined) {
        for (const each of cluster.participants) saved.set(each, copyOf(each));
        savedDamaged = new Set(faults.damaged);
        return 'back up the participants';
      }
      const isMember = cluster.configured().includes(process);
      if (!isMember || faults.spare() === null || isOfLostLog(faults, copy)) return NOT_NOW;
      saved.clear();
      faults.replaced.add(process);
      if (savedDamaged.has(process)) faults.damaged.add(process);
      return `restore an old folder of ${process.name}, ${restore(faults, process, copy.files)}`;
    },
    rotLog: () => {
      const process = faults.spare();
      if (process === null) return NOT_NOW;
      process.crash('killed');
      const file = flipOnDisk(faults, process, 'a participant');
      faults.startLater(process);
      return `a bit of ${process.name}/${file} rots`;
    },
    tearLog: () => {
      const process = faults.spare();
      if (process === null) return NOT_NOW;
      tear(faults, process);
      faults.startLater(process);
      return `the end of the log of ${process.name} is lost`;
    },
    tearAndForget: () => {
      const process = faults.spare();
      // An ABORT that only the torn log and the wiped folder held would be known to nobody.
      if (process === null || !faults.areAbortsSynced(cluster.configured())) return NOT_NOW;
      for (const each of cluster.participants) each.crash('killed');
      faults.backups.set(process, process.disk.save());
      tear(faults, process);
      wipe(cluster.coordinator);
      for (const each of [cluster.coordinator, ...cluster.participants]) faults.startLater(each);
      return `all die, c is wiped, the end of the log of ${process.name} is lost`;
    },
    flipMemory: () => {
      const process = faults.spare();
      const key = COLD_KEYS[faults.prng.below(COLD_KEYS.length)] ?? COLD_KEYS[0];
      if (!process?.machine || !process.flipMemory(key)) return NOT_NOW;
      // A start loads what is on disk, which a checkpoint must not have spoilt meanwhile.
      const restart = (): void => {
        process.crash('killed');
        process.start();
      };
      if (faults.prng.chance(0.5)) {
        faults.later(1500, restart);
        return `a bit in the memory of ${process.name} flips`;
      }
      const { core } = process.machine;
      const before = core.counters.checkpoints;
      process.askForCheckpoints(CHECKPOINT_WITHIN_MS);
      faults.when(() => core.counters.checkpoints > before, CHECKPOINT_WITHIN_MS, restart);
      return `a bit in the memory of ${process.name} flips before a checkpoint`;
    },
  };
}

function operatorFaults(faults: Faults): FaultsOf<typeof OPERATOR_FAULTS> {
  const { cluster } = faults;
  const { coordinator } = cluster;
  let saved: ReadonlyMap<string, Buffer> | null = null;
  return {
    wipeCoordinator: () => {
      if (!faults.isSafe) return NOT_NOW;
      wipe(coordinator);
      faults.startLater(coordinator);
      return 'wipe c';
    },
    restoreCoordinator: () => {
      if (saved === null) {
        if (!faults.damaged.has(coordinator)) saved = coordinator.disk.save();
        return NOT_NOW;
      }
      if (!faults.isSafe) return NOT_NOW;
      const how = restore(faults, coordinator, saved);
      coordinator.isOutdated = how === 'taken for its own';
      saved = null;
      return `restore an old folder of c, ${how}`;
    },
    rotCoordinator: () => {
      if (!faults.isSafe) return NOT_NOW;
      const what = rot(faults, coordinator, 'the coordinator');
      faults.startLater(coordinator);
      return what;
    },
    secondCoordinator: () => startSecond(faults, coordinator.settings.participants),
    secondOfOtherList: () => secondOfOtherList(faults),
    changeConfiguration: () => changeConfiguration(faults, coordinator),
  };
}

function copyOf({ disk, machine }: ParticipantProcess): Copy {
  const nonce = machine?.state.epoch.nonce ?? '';
  return { files: disk.save(), nonce, isReplaced: false };
}

/**
 * Of a store that is no more, bound to a coordinator whose log is no more: a coordinator that
 * starts beside it takes its own log for the older one, and waits for the store that is no more.
 */
function isOfLostLog({ cluster }: Faults, { nonce, isReplaced }: Copy): boolean {
  const { takeover } = cluster.coordinator.machine as unknown as {
    takeover: { epochs: readonly Epoch[] };
  };
  return isReplaced && !takeover.epochs.some((epoch) => epoch.nonce === nonce);
}

function wipe(process: SimProcess): void {
  process.crash('killed');
  process.disk.wipe();
}
