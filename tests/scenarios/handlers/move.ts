/** `move p2 p9:1`: the folder of `p2` is served at another address. */
import { type Handler, word } from '../handler.js';

export const move: Handler = (world, command) => {
  world.cluster.participant(word(command, 0)).move(word(command, 1));
};
