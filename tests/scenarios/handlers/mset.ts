/** `mset KEY VALUE KEY VALUE`: one transaction. */
import { type Handler, ask, word } from '../handler.js';

export const mset: Handler = (world, command) => {
  const pairs: [string, Buffer][] = [];
  for (let at = 0; at < command.words.length; at += 2) {
    pairs.push([word(command, at), Buffer.from(word(command, at + 1))]);
  }
  ask(world, command, { type: 'write', command: { op: 'set', pairs } });
};
