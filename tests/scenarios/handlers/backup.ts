/** `backup c p1`: copies of their folders are kept. */
import type { Handler } from '../handler.js';

export const backup: Handler = (world, command) => {
  for (const name of command.words) {
    if (world.isCoordinator(name)) world.savedFolder = world.coordinator(name).saveFolder();
    else world.savedDisks.set(name, world.cluster.participant(name).saveDisk());
  }
};
