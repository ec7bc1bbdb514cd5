/** How the folder of a process that is down, or is stopped for it, becomes other than it was. */
import type { Faults } from './faults.js';
import type { SimProcess } from './process.js';

const MAX_TORN_BYTES = 200;

/** Says whether the process will see that the folder is a copy. */
export function restore(
  faults: Faults,
  process: SimProcess,
  copy: ReadonlyMap<string, Buffer>,
  whose: string = process.role,
): string {
  process.crash('killed');
  process.disk.restore(copy);
  const isRecognised = faults.prng.chance(0.5);
  if (isRecognised) process.disk.origin = `copy ${faults.cluster.world.now}`;
  const how = isRecognised ? 'seen as a copy' : 'taken for its own';
  faults.cluster.marks.hit(`restored: ${whose}, ${how}`);
  faults.startLater(process);
  return how;
}

/** Records that had been synced are gone from the end of its log. */
export function tear(faults: Faults, process: SimProcess, maxBytes = MAX_TORN_BYTES): void {
  process.crash('killed');
  const last = process.disk
    .fileNames()
    .filter((name) => name.endsWith('.log'))
    .at(-1);
  if (last !== undefined) process.disk.garble(last, 1 + faults.prng.below(maxBytes));
  faults.damaged.add(process);
}

/** A bit flips somewhere, or what was written last is gone from the log. */
export function rot(faults: Faults, process: SimProcess, whose: string): string {
  process.crash('killed');
  if (faults.prng.chance(0.6)) {
    return `a bit of ${process.name}/${flipOnDisk(faults, process, whose)} rots`;
  }
  tear(faults, process);
  faults.cluster.marks.hit(`struck: the log of ${whose} lost its end`);
  return `the end of the log of ${process.name} is lost`;
}

export function flipOnDisk(faults: Faults, process: SimProcess, whose: string): string {
  const { prng } = faults;
  const names = process.disk.fileNames().filter((name) => name !== 'reserve');
  const name = names[prng.below(names.length)] ?? '';
  const size = process.disk.sizeOf(name);
  if (size > 0 && process.disk.flip(name, prng.below(size), prng.below(8))) {
    faults.cluster.marks.hit(`struck: a bit of ${whose} flipped`);
  }
  faults.damaged.add(process);
  return name;
}
