/**
 * Faults of disks, memory and operators: what is written is lost, damaged, replaced by an older
 * copy, or used by two. Those that destroy something wait for a moment when nothing depends on it.
 */
import type { CoordinatorProcess } from './coordinator-process.js';
import {
  type DISK_FAULTS,
  type FaultsOf,
  type FOLDER_FAULTS,
  type OPERATOR_FAULTS,
  NOT_NOW,
} from './fault-names.js';
import type { Faults } from './faults.js';
import { flipStoredByte } from '../helpers/rot.js';
import { COLD_KEYS } from './memory-rot.js';
import type { ParticipantProcess } from './participant-process.js';
import type { SimProcess } from './process.js';

/** Of a checkpoint that a fault asks for. */
const CHECKPOINT_WITHIN_MS = 1500;

type DamageFaults = FaultsOf<typeof DISK_FAULTS> &
  FaultsOf<typeof FOLDER_FAULTS> &
  FaultsOf<typeof OPERATOR_FAULTS>;

export function damageFaults(faults: Faults): DamageFaults {
  return { ...diskFaults(faults), ...folderFaults(faults), ...operatorFaults(faults) };
}

function diskFaults(faults: Faults): FaultsOf<typeof DISK_FAULTS> {
  const failing = (kind: 'append' | 'sync'): string => {
    const process = faults.anyProcess();
    process.disk.failing = kind;
    return `the next ${kind} of ${process.name} fails`;
  };
  return {
    failWrite: () => failing('append'),
    failSync: () => failing('sync'),
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

function folderFaults(faults: Faults): FaultsOf<typeof FOLDER_FAULTS> {
  const { cluster } = faults;
  const saved = new Map<ParticipantProcess, ReadonlyMap<string, Buffer>>();
  /** Whose copy holds damage that was planted before. */
  let savedDamaged: ReadonlySet<SimProcess> = new Set();
  return {
    wipeParticipant: () => {
      const process = faults.spare();
      if (process === null) return NOT_NOW;
      replace(faults, process);
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
            replace(faults, process);
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
        for (const each of cluster.participants) saved.set(each, each.disk.save());
        savedDamaged = new Set(faults.damaged);
        return 'back up the participants';
      }
      const isMember = cluster.configured().includes(process);
      if (!isMember || faults.spare() === null) return NOT_NOW;
      saved.clear();
      replace(faults, process);
      process.disk.restore(copy);
      if (savedDamaged.has(process)) faults.damaged.add(process);
      const isRecognised = faults.prng.chance(0.5);
      if (isRecognised) process.disk.origin = `copy ${cluster.world.now}`;
      const how = isRecognised ? 'seen as a copy' : 'taken for its own';
      cluster.marks.hit(`restored: participant, ${how}`);
      faults.startLater(process);
      return `restore an old folder of ${process.name}${isRecognised ? '' : ' unseen'}`;
    },
    rotLog: () => {
      const process = faults.spare();
      if (process === null) return NOT_NOW;
      process.crash('killed');
      const file = flipOnDisk(faults, process);
      faults.startLater(process);
      return `a bit of ${process.name}/${file} rots`;
    },
    tearLog: () => {
      const process = faults.spare();
      if (process === null) return NOT_NOW;
      tear(faults, process, 200);
      faults.startLater(process);
      return `the end of the log of ${process.name} is lost`;
    },
    tearAndForget: () => {
      const process = faults.spare();
      if (process === null) return NOT_NOW;
      for (const each of cluster.participants) each.crash('killed');
      faults.backups.set(process, process.disk.save());
      tear(faults, process, 200);
      wipe(cluster.coordinator);
      for (const each of [cluster.coordinator, ...cluster.participants]) faults.startLater(each);
      return `all die, c is wiped, the end of the log of ${process.name} is lost`;
    },
    flipMemory: () => {
      const process = faults.spare();
      const key = COLD_KEYS[faults.prng.below(COLD_KEYS.length)] ?? COLD_KEYS[0];
      if (!process?.machine || !flipStoredByte(process.machine.state.table, key)) {
        return NOT_NOW;
      }
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
        saved = coordinator.disk.save();
        return 'back up c';
      }
      if (!faults.isSafe) return NOT_NOW;
      coordinator.crash('killed');
      coordinator.disk.restore(saved);
      coordinator.disk.origin = `copy ${cluster.world.now}`;
      saved = null;
      cluster.marks.hit('restored: coordinator');
      faults.startLater(coordinator);
      return 'restore an old folder of c';
    },
    secondCoordinator: () => startSecond(faults),
    changeConfiguration: () => changeConfiguration(faults, coordinator),
  };
}

/** By mistake, with an empty folder or a copy of the first one's; beside it or instead of it. */
function startSecond(faults: Faults): string {
  const { cluster, prng } = faults;
  const { coordinator } = cluster;
  const second = faults.secondCoordinator();
  if (second.isRunning) {
    cluster.marks.hit('second coordinator: stopped');
    second.crash(faults.crashKind());
    return 'd stops';
  }
  const lot = prng.below(3);
  if (lot === 0) second.disk.wipe();
  if (lot === 1) {
    second.disk.restore(coordinator.disk.save());
    second.disk.origin = `copy ${cluster.world.now}`;
  }
  const old = second.disk.fileNames().length === 0 ? 'an empty folder' : 'its old folder';
  const folder = lot === 1 ? 'a copy' : old;
  cluster.marks.hit(`second coordinator: on ${folder}`);
  const isAlone = prng.chance(0.5);
  if (isAlone) coordinator.crash(faults.crashKind());
  second.start();
  faults.later(3000, () => {
    second.crash(faults.crashKind());
  });
  faults.startLater(coordinator, 4000);
  return `d starts on ${folder}${isAlone ? ' instead of c' : ''}`;
}

/** One participant more, or one less; the coordinator learns of it by a restart. */
function changeConfiguration(faults: Faults, coordinator: CoordinatorProcess): string {
  const { cluster, prng } = faults;
  const { settings } = coordinator;
  if (!faults.isSafe) return NOT_NOW;
  const others = cluster.participants.filter(
    ({ address }) => !settings.participants.includes(address),
  );
  let addresses: readonly string[];
  const fewest = Math.max(1, settings.minParticipants);
  if (prng.chance(0.5) || settings.participants.length <= fewest) {
    const added = others[0] ?? cluster.makeParticipant(`p${cluster.participants.length + 1}:1`);
    if (others.length === 0) cluster.participants.push(added);
    added.start();
    addresses = [...settings.participants, added.address];
    cluster.marks.hit('configuration: grown');
  } else {
    const left = prng.below(settings.participants.length);
    addresses = settings.participants.filter((_address, index) => index !== left);
    cluster.marks.hit('configuration: shrunk');
  }
  coordinator.settings = { ...settings, participants: addresses };
  coordinator.crash('killed');
  faults.startLater(coordinator, 200);
  return `from now on: ${addresses.join(' ')}`;
}

function wipe(process: SimProcess): void {
  process.crash('killed');
  process.disk.wipe();
}

function replace(faults: Faults, process: SimProcess): void {
  wipe(process);
  faults.replaced.add(process);
}

/** Records that had been synced are gone from the end of its log. */
function tear(faults: Faults, process: SimProcess, maxBytes: number): void {
  process.crash('killed');
  const last = process.disk
    .fileNames()
    .filter((name) => name.endsWith('.log'))
    .at(-1);
  if (last !== undefined) process.disk.garble(last, 1 + faults.prng.below(maxBytes));
  faults.damaged.add(process);
}

function flipOnDisk(faults: Faults, process: SimProcess): string {
  const { prng } = faults;
  const names = process.disk.fileNames().filter((name) => name !== 'reserve');
  const name = names[prng.below(names.length)] ?? '';
  const size = process.disk.sizeOf(name);
  if (size > 0 && process.disk.flip(name, prng.below(size), prng.below(8))) {
    faults.cluster.marks.hit('struck: a bit on a disk flipped');
  }
  faults.damaged.add(process);
  return name;
}
