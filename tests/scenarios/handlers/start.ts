/** `start` everything, or `start c p1`; `copied`: the folder counts as a copy. */
import type { Handler } from '../handler.js';

export const start: Handler = (world, command) => {
  const names = command.words.filter((each) => each !== 'copied');
  const isCopied = names.length < command.words.length;
  if (names.length === 0) world.cluster.start();
  for (const name of names) {
    if (world.isCoordinator(name)) world.coordinator(name).start(isCopied);
    else world.cluster.participant(name).start();
  }
};
