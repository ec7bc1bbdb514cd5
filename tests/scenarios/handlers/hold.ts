/** `hold c->p2 prepare outcome`: these messages wait, and all behind them; all without types. */
import { type Handler, pathsOf } from '../handler.js';

export const hold: Handler = (world, command) => {
  for (const [from, to] of pathsOf(command)) {
    world.cluster.hold(from, to, ...command.words.slice(1));
  }
};
