/** `checkpoint c p1`: a new segment of the log begins, older records go. */
import type { Handler } from '../handler.js';

export const checkpoint: Handler = (world, command) => {
  for (const name of command.words) world.process(name).checkpoint();
};
