/** `release c->p2`: what was held arrives, in order. */
import { type Handler, pathsOf } from '../handler.js';

export const release: Handler = (world, command) => {
  for (const [from, to] of pathsOf(command)) world.cluster.release(from, to);
};
