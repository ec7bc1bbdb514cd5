/** `shutdown c`: it is asked to stop. */
import { type Handler, word } from '../handler.js';

export const shutdown: Handler = (world, command) => {
  world.coordinator(word(command, 0)).shutdown();
};
