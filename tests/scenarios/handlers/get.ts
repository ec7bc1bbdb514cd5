/** `get KEY ...`: all of them in one step. */
import { type Handler, ask } from '../handler.js';

export const get: Handler = (world, command) => {
  ask(world, command, { type: 'read', command: { op: 'get', keys: command.words } });
};
