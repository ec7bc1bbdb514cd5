/** `stored KEY`: what each participant holds in memory, asked behind the protocol. */
import { type Handler, word } from '../handler.js';

export const stored: Handler = (world, command) => {
  for (const { name, machine } of world.cluster.participants) {
    world.say(`${name}: ${machine?.state.table.get(word(command, 0))?.toString() ?? '(nil)'}`);
  }
};
