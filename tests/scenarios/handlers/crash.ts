/**
 * `crash c p1 silent=yes` now; `crash c at=append_commit nth=2` at its second such effect. Silent:
 * its connections stay half open.
 */
import { type Handler, amount } from '../handler.js';

export const crash: Handler = (world, command) => {
  const effect = command.options.get('at')?.replaceAll('_', ' ');
  for (const name of command.words) {
    if (effect === undefined) world.process(name).crash(command.options.get('silent') === 'yes');
    else world.cluster.crashAt({ process: name, effect, nth: amount(command, 'nth') ?? 1 });
  }
};
