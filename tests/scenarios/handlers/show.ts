/** `show messages log heartbeats handshakes events` */
import type { Topic } from '../world.js';
import type { Handler } from '../handler.js';

export const show: Handler = (world, command) => {
  for (const topic of command.words) world.shown.add(topic as Topic);
};
