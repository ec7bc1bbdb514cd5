/** `stored KEY`: what each participant holds in memory, asked behind the protocol. */
import { describeValue } from '../../cluster/sim-observer.js';
import { type Handler, word } from '../handler.js';

export const stored: Handler = (world, command) => {
  for (const { name, machine } of world.cluster.participants) {
    world.say(`${name}: ${describeValue(machine?.state.table.get(word(command, 0)))}`);
  }
};
