/** `pause c`: the process is stopped, and what arrives waits. */
import type { Handler } from '../handler.js';

export const pause: Handler = (world, command) => {
  for (const name of command.words) world.process(name).pause();
};
