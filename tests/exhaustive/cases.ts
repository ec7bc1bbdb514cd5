/**
 * The cases that are explored: a cluster that has just been formed and serves, so many writes by a
 * client each, so many crashes. Nothing within is sampled. What is left out or simplified, and why
 * the invariants do not suffer:
 *
 * - Every order of events is followed. A participant hears at once that a connection is over which
 *   a coordinator has left behind: nobody can tell whether it has (`lingering.ts`).
 * - Handshakes, dials and heartbeats take no time: a living process is never suspected. They change
 *   nothing that is durable; suspicion only makes a view shrink earlier, which a crash does too.
 * - Time passes only where nothing else can happen: a timeout never overtakes a message. All clocks
 *   go equally fast. Whoever died starts again at any moment at which something else happens or has
 *   just happened, or when all timeouts have run out; not between two retries that change nothing.
 * - A process that dies leaves closed connections (no silent loss of power), of its heartbeat
 *   connection at once, of its data connection behind a prefix of what it had sent; what was under
 *   way between a joiner and its donor is lost with either.
 * - A flush makes durable what was appended before it began; a crash keeps any prefix of the rest.
 *   Synced records never rot, disks are never full, logs never checkpointed, folders never lost.
 * - Each input is drained by itself: writes share a transaction only behind a recovery. Small SETs
 *   only, of a key of their own and one in common; no reads, no pieces, no secret, no shutdown.
 *
 * All of these are the business of the random simulator and the scenarios.
 */
import type { Case, Result } from './explore.js';

export interface NamedCase extends Case {
  readonly name: string;
}

export function namedCase(requests: number, participants: number, crashes: number): NamedCase {
  const writes = requests === 1 ? '1 transaction' : `${requests} transactions`;
  const deaths = crashes === 1 ? '1 crash' : `${crashes} crashes`;
  const name = `${writes}, ${participants} participants, at most ${deaths}`;
  return { name, requests, participants, crashes, isReduced: true };
}

/** From the smallest to the largest. */
export const CASES: readonly NamedCase[] = [
  namedCase(1, 2, 1),
  namedCase(1, 3, 1),
  namedCase(2, 2, 1),
  namedCase(1, 2, 2),
  namedCase(2, 3, 1),
  namedCase(2, 2, 2),
  namedCase(1, 3, 2),
];

/** Together well under half a minute. */
export const QUICK_CASES: readonly NamedCase[] = [namedCase(1, 2, 1), namedCase(1, 3, 0)];

export function figures(result: Result): string {
  const { states, transitions, depth, crashes, ends, stalls, seconds } = result;
  const { coordinatorStates, participantStates } = result;
  return (
    `${states} states, ${transitions} transitions, depth ${depth}, ${crashes} crashes, ` +
    `${ends} ends, ${stalls} stalls, ${coordinatorStates} + ${participantStates} local states, ` +
    `${seconds.toFixed(1)} s`
  );
}
