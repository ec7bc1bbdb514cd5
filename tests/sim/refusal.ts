/**
 * The verdict on a cluster of one participant whose folder was damaged: it must say why it does not
 * serve, also when its coordinator starts anew, and nobody may be served. Then a person brings the
 * folder back as it was, and all must be there.
 */
import type { Cluster } from './cluster.js';
import type { OnlyCopy } from './only-copy-faults.js';

/** A start has asked, waited and heard all that there is to hear by then. */
const START_MS = 2500;
const SAYS_WHY = /needs an answer from \S+ \(store|holds everything \(it/;

/** What a coordinator that was started anew says that it lacks; '' if it says nothing. */
export async function saidRefusal(cluster: Cluster): Promise<string> {
  const { coordinator, world } = cluster;
  coordinator.crash('killed');
  coordinator.start();
  await world.run(START_MS);
  const condition = coordinator.machine?.core.condition ?? '';
  return SAYS_WHY.test(condition) ? condition : '';
}

export function bringBack({ process, before, origin }: OnlyCopy): void {
  process.crash('killed');
  process.disk.restore(before);
  process.disk.origin = origin;
  process.start();
}
