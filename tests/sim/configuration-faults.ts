/**
 * Mistakes of operators with configurations: a second coordinator, for the same participants or for
 * others; one participant more or less than before.
 */
import type { CoordinatorProcess } from './coordinator-process.js';
import { NOT_NOW } from './fault-names.js';
import type { Faults } from './faults.js';

/** With an empty folder or a copy of the first one's; beside it or instead of it. */
export function startSecond(
  faults: Faults,
  participants: readonly string[],
  kind = 'second coordinator',
): string {
  const { cluster, prng } = faults;
  const { coordinator } = cluster;
  // With an empty folder it could take what is left of the only copy for all there is.
  if (faults.onlyCopy !== null || faults.damaged.has(coordinator)) return NOT_NOW;
  if (faults.isOverriding) return NOT_NOW;
  const second = faults.secondCoordinator(participants);
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
  cluster.marks.hit(`${kind}: on ${folder}`);
  const isAlone = prng.chance(0.5);
  if (isAlone) coordinator.crash(faults.crashKind());
  second.start();
  faults.later(3000, () => {
    second.crash(faults.crashKind());
  });
  faults.startLater(coordinator, 4000);
  return `d starts on ${folder}${isAlone ? ' instead of c' : ''}`;
}

/** A part of the list, or one more. */
export function secondOfOtherList(faults: Faults): string {
  const { cluster, prng } = faults;
  if (!faults.isIntact || cluster.second?.isRunning === true) return NOT_NOW;
  // Of participants that were never in use it would rightly make a new cluster.
  const used = cluster.configured().filter(({ machine }) => (machine?.state.view ?? null) !== null);
  if (used.length === 0) return NOT_NOW;
  const { address: kept } = faults.oneOf(used);
  const { participants } = cluster.coordinator.settings;
  const others = participants.filter((address) => address !== kept);
  if (others.length > 0 && prng.chance(0.5)) {
    const left = faults.oneOf(others);
    const fewer = participants.filter(
      (address) => address === kept || (address !== left && prng.chance(0.5)),
    );
    return `${startSecond(faults, fewer, 'second of fewer')}, for ${fewer.join(' ')}`;
  }
  const added = cluster.outsider();
  added.start();
  const more = [...participants, added.address];
  return `${startSecond(faults, more, 'second of one more')}, for ${more.join(' ')}`;
}

/** One participant more, or one less; the coordinator learns of it by a restart. */
export function changeConfiguration(faults: Faults, coordinator: CoordinatorProcess): string {
  const { cluster, prng } = faults;
  const { settings } = coordinator;
  if (!faults.isSafe) return NOT_NOW;
  let addresses: readonly string[];
  const fewest = Math.max(1, settings.minParticipants);
  if (prng.chance(0.5) || settings.participants.length <= fewest) {
    const added = cluster.outsider();
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
