/**
 * Of a history without an order, the few facts that contradict each other, for people to read.
 *
 * Facts are taken away a chunk at a time as long as the rest is still without an order: a read is
 * left out, a write becomes one whose outcome is unknown. Both only allow more orders, so what is
 * left proves the violation by itself. Knows nothing of how orders are looked for.
 */
import type { Operation } from './history.js';

const MAX_TRIES = 1000;

export function contradiction(
  operations: readonly Operation[],
  isWithoutOrder: (operations: readonly Operation[]) => boolean,
): readonly Operation[] {
  let kept = operations;
  let tries = 0;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < kept.length;) {
      const chunk = kept.slice(start, start + size);
      const weaker = chunk.flatMap(weaken);
      const isFact = chunk.some(({ outcome }) => outcome === 'ok');
      if (isFact && tries < MAX_TRIES) {
        tries += 1;
        const rest = [...kept.slice(0, start), ...weaker, ...kept.slice(start + size)];
        if (isWithoutOrder(rest)) {
          kept = rest;
          start += weaker.length;
          continue;
        }
      }
      start += size;
    }
  }
  return kept;
}

function weaken(operation: Operation): Operation[] {
  const { outcome, action } = operation;
  if (outcome !== 'ok') return [operation];
  if (action.op === 'get' || action.op === 'exists') return [];
  const unknown = { ...operation, outcome: 'unknown', returnedAt: Infinity } as const;
  return [action.op === 'del' ? { ...unknown, action: { ...action, found: null } } : unknown];
}
