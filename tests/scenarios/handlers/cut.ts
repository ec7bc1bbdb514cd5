/** `cut c->p2`: nothing arrives on this path, and nobody is told; `c<->p2` both ways. */
import { type Handler, pathsOf } from '../handler.js';

export const cut: Handler = (world, command) => {
  for (const [from, to] of pathsOf(command)) world.cluster.cuts.set(from, to, true);
};
