/** `restore p1`: it dies, and its folder becomes what the backup holds. */
import type { Handler } from '../handler.js';

export const restore: Handler = (world, command) => {
  for (const name of command.words) {
    const disk = world.savedDisks.get(name);
    if (disk !== undefined) world.cluster.participant(name).restoreDisk(disk);
    else if (world.savedFolder === null) throw new Error(`no backup of ${name}`);
    else world.coordinator(name).restoreFolder(world.savedFolder);
  }
};
