/** `run MS` */
import { type Handler, word } from '../handler.js';

export const run: Handler = (world, command) => {
  world.cluster.run(Number(word(command, 0)));
};
