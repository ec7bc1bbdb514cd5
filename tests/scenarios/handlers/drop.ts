/** `drop c->p2`: what is held on this path is lost, and the connection with it, half open. */
import { type Handler, pathsOf } from '../handler.js';

export const drop: Handler = (world, command) => {
  for (const [from, to] of pathsOf(command)) world.cluster.drop(from, to);
};
