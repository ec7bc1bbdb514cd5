/** `add-participant`: one more runs, which no coordinator has been told of. */
import type { Handler } from '../handler.js';

export const addParticipant: Handler = (world) => {
  world.cluster.addParticipant().start();
};
