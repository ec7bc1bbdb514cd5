/** `wipe p1`: it dies, and its folder is lost. */
import type { Handler } from '../handler.js';

export const wipe: Handler = (world, command) => {
  for (const name of command.words) world.process(name).wipe();
};
