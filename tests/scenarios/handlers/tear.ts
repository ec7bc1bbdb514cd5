/** `tear p1 3`: it dies, and the last three records of its log cannot be read. */
import { type Handler, word } from '../handler.js';

export const tear: Handler = (world, command) => {
  world.cluster.participant(word(command, 0)).tearLog(Number(word(command, 1)));
};
