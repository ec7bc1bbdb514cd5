/** `flip p1 KEY`: one bit of the value changes in memory. */
import { type Handler, word } from '../handler.js';

export const flip: Handler = (world, command) => {
  const isDone = world.cluster.participant(word(command, 0)).flipBit(word(command, 1));
  if (!isDone) throw new Error('there is nothing to flip');
};
