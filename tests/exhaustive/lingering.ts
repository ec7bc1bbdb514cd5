/**
 * A reduction: a participant hears at once that a connection is over from which nothing else is to
 * come, that no coordinator uses any more, and on which nothing of its own depends.
 *
 * All that this does is that the participant forgets the link. It sends nothing and changes nothing
 * that an invariant asks about. It commutes with whatever may happen before it, and nothing can
 * prevent it but what has the same effect: other inputs of that participant ask for this link only
 * to forget it (a newer fence does), answers that are still to be sent there reach nobody either
 * way, and a crash takes the link along. The other end is gone, so nobody else sees any of this,
 * and time stands still until it is heard. So whatever can happen with the link still there can
 * happen without it, to the same states but for the link: no violation is missed, whether it shows
 * in a state or in a step. It holds whether or not crashes are left.
 *
 * Not so where an attempt to catch up, or a refill from here, came over the link: it ends with it.
 * Nor is it known of other events: a participant's turn that seems to be its own affair can be
 * overtaken by another participant that comes to fetch what it lacks.
 */
import { CLOSED, type Wire } from './wires.js';
import type { World } from './world.js';

export function hearLingeringEnds(world: World): void {
  for (let who = 1; who < world.locals.length; who += 1) {
    if (!world.isAlive(who)) continue;
    for (const wire of world.pair(who).wires)
      if (isLingering(world, who, wire)) end(world, who, wire);
  }
}

function isLingering(world: World, who: number, { id, there, back }: Wire): boolean {
  const isOver = there.end === 'closing' && there.messages.length === 0 && back.end === 'closed';
  return isOver && !world.automaton(who).facts(world.local(who)).boundLinks.includes(id);
}

function end(world: World, who: number, wire: Wire): void {
  world.setWire(who, wire, { ...wire, there: CLOSED, back: CLOSED });
  const { effects } = world.step(who, { kind: 'closed', at: String(wire.id) });
  if (effects.length > 0) throw new Error('somebody sees that a link is forgotten');
}
