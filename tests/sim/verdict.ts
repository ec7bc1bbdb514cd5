/** Judges what clients of a run saw. */
import type { Operation } from '../checkers/history.js';
import { checkLinearizable } from '../checkers/linearizability.js';

export function judge(history: readonly Operation[]): string[] {
  const verdict = checkLinearizable(history);
  if (verdict.ok === true) return [];
  if (verdict.ok === null) return [`not decided: ${verdict.reason} (${verdict.keys.join(' ')})`];
  return [`not linearizable: ${verdict.explanation}`];
}
