/** `disk-full p1`: promises find no room; `disk-full p1 off` makes room again. */
import { type Handler, word } from '../handler.js';

export const diskFull: Handler = (world, command) => {
  world.cluster.participant(word(command, 0)).isDiskFull = command.words[1] !== 'off';
};
