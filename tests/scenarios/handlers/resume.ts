/** `resume c`: it goes on with what has arrived. */
import type { Handler } from '../handler.js';

export const resume: Handler = (world, command) => {
  for (const name of command.words) world.process(name).resume();
};
