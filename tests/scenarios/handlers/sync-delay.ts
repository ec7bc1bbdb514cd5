/** `sync-delay 300`: every sync takes so many milliseconds from now on. */
import { type Handler, word } from '../handler.js';

export const syncDelay: Handler = (world, command) => {
  world.cluster.syncMs = Number(word(command, 0));
};
