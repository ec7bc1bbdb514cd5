/**
 * Fields of the machines that have no influence on what they do later, so that `canonical.ts`
 * leaves them out; `soundness.ts` holds this against the machines.
 *
 * Always: traces, settings (the same everywhere), counters and whatever only INFO or a person
 * reads, numbers that only name things, the scrubbing of stored values, when a participant last
 * heard a coordinator (only a start without log asks), and sizes, which never come near a limit
 * here. While something is so: when an answer was due of somebody who owes none; since when nothing
 * waits for the disk; who has acknowledged a view that is installed; what participants said of
 * themselves before a start that has come to its end, except that they were asked; what one was
 * told in a start that is not bound to it, or is back in step.
 */
import { CoordinatorCore } from '../../src/coordinator/core.js';
import { Debt } from '../../src/coordinator/debt.js';
import { Inquiry } from '../../src/coordinator/inquiry.js';
import { Coordinator } from '../../src/coordinator/machine.js';
import { Membership } from '../../src/coordinator/membership.js';
import { Peer } from '../../src/coordinator/peer.js';
import { Takeover } from '../../src/coordinator/takeover.js';

const ALWAYS: Readonly<Record<string, readonly string[]>> = {
  Coordinator: ['clock'],
  CoordinatorCore: ['settings', 'trace', 'counters', 'condition', 'now', 'dials'],
  Peers: ['byDial', 'pings', 'prng'],
  Peer: [
    ...['trouble', 'state', 'stateSince', 'removedBecause', 'position'],
    ...['bytes', 'keys', 'sizedAt'],
  ],
  Membership: ['established'],
  Transactions: ['unreported'],
  Inquiry: ['lastHeardAt', 'lastHeardEpoch'],
  ParticipantCore: [
    ...['settings', 'trace', 'counters', 'now', 'heardAt', 'heardEpoch', 'refusal', 'refusalAt'],
  ],
  Heartbeats: ['progress'],
  Links: ['prng', 'wasDistrusted'],
  CatchUps: ['prng'],
  Donor: ['growing'],
  Scrub: ['dueAt'],
};

/** Of an object of this machine, which has these values just now. */
export function withoutInfluence(machine: object, value: object): readonly string[] {
  const always = ALWAYS[value.constructor.name] ?? [];
  return [...always, ...forNow(machine, value)];
}

function forNow(machine: object, value: object): readonly string[] {
  if (value instanceof CoordinatorCore) {
    return value.gate.synced === value.gate.appended ? ['unsyncedSince'] : [];
  }
  if (value instanceof Debt) return value.since === Infinity ? ['progressAt'] : [];
  if (value instanceof Membership) return value.isChanging ? [] : ['acknowledged'];
  if (value instanceof Peer) return [...(isServing(machine) ? ['status'] : []), ...told(value)];
  if (value instanceof Takeover) return value.step === 'done' ? ['asked', 'fences'] : [];
  if (value instanceof Inquiry) return isStartOver(machine) ? ['askedAt', 'askAgainAt'] : [];
  return [];
}

/** What it was told is asked for until it is back in step, and begins anew with its fence. */
function told({ isFenced, isReady }: Peer): string[] {
  if (!isFenced) return ['toldTxid', 'toldView'];
  return isReady ? ['toldTxid'] : [];
}

function isServing(machine: object): boolean {
  return machine instanceof Coordinator && machine.core.phase === 'serving';
}

/** The start has come to its end. */
export function isStartOver(machine: object): boolean {
  if (!(machine instanceof Coordinator)) return false;
  return (machine as unknown as { readonly takeover: Takeover }).takeover.step === 'done';
}
