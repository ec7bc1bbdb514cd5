/** `set KEY VALUE`; `set KEY size=BYTES` for a large one. */
import { type Handler, amount, ask, word } from '../handler.js';

export const set: Handler = (world, command) => {
  const size = amount(command, 'size');
  const value = size === undefined ? word(command, 1) : 'x'.repeat(size);
  const pairs = [[word(command, 0), Buffer.from(value)]] as const;
  ask(world, command, { type: 'write', command: { op: 'set', pairs } });
};
