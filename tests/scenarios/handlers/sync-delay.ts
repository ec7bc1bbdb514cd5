/** `sync-delay 300 [p2]`: every sync (of p2) takes so many milliseconds from now on. */
import { type Handler, word } from '../handler.js';

export const syncDelay: Handler = (world, command) => {
  const ms = Number(word(command, 0));
  if (!Number.isFinite(ms)) throw new Error('sync-delay: the first word is a time in milliseconds');
  const [, name] = command.words;
  if (name === undefined) world.cluster.syncMs = ms;
  else world.cluster.slowDisks.set(name, ms);
};
