/** `del KEY ...` */
import { type Handler, ask } from '../handler.js';

export const del: Handler = (world, command) => {
  ask(world, command, { type: 'write', command: { op: 'del', keys: command.words } });
};
