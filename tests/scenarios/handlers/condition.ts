/** `condition c`: what it waits for, in its own words. */
import { type Handler, word } from '../handler.js';

export const condition: Handler = (world, command) => {
  const { machine } = world.coordinator(word(command, 0));
  world.say(machine?.core.condition.replaceAll(/store [^,)]*/g, 'store') ?? 'stopped');
};
