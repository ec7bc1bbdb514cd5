/** `mend c->p2`: new connections work again; those that were cut stay dead. */
import { type Handler, pathsOf } from '../handler.js';

export const mend: Handler = (world, command) => {
  for (const [from, to] of pathsOf(command)) world.cluster.cuts.set(from, to, false);
};
