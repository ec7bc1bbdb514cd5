/**
 * `second-coordinator copy=yes`: another coordinator `d` is started beside the first, with an empty
 * folder or with a copy of the first one's; `recognised=no`: nothing tells that it is a copy.
 */
import type { Handler } from '../handler.js';

export const secondCoordinator: Handler = (world, command) => {
  const { cluster } = world;
  const addresses = cluster.participants.map((participant) => participant.address);
  const second = cluster.makeCoordinator('d', addresses);
  const isCopy = command.options.get('copy') === 'yes';
  if (isCopy) second.restoreFolder(cluster.coordinator.saveFolder());
  second.start(isCopy && command.options.get('recognised') !== 'no');
  world.second = second;
};
