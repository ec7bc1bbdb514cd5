/** `await whole`: until every participant is a member, for at most five seconds. */
import { type Handler, word } from '../handler.js';

export const awaitState: Handler = (world, command) => {
  const { cluster } = world;
  if (word(command, 0) !== 'whole') throw new Error('await whole');
  cluster.runUntil(() => cluster.isWhole, 5000, 'every participant is a member');
};
