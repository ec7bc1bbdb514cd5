/** `hide messages`: the opposite of `show`. */
import type { Topic } from '../world.js';
import type { Handler } from '../handler.js';

export const hide: Handler = (world, command) => {
  for (const topic of command.words) world.shown.delete(topic as Topic);
};
