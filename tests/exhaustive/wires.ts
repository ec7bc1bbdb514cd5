/**
 * Connections between the processes, as immutable values: what is on its way in each direction, in
 * order, and which ends are still open.
 *
 * Between the coordinator and a participant there is one heartbeat connection, on which nothing is
 * ever on its way, and at most one data connection that both use; older ones may still hold what a
 * coordinator sent before it died. Between a joiner and its donor there is at most one.
 */
import { type Message, messageId } from './local-process.js';

/** `closing`: whoever sends here has hung up, and the other end hears of it behind the messages. */
export type End = 'open' | 'closing' | 'closed';

export interface Flow {
  readonly messages: readonly Message[];
  readonly end: End;
}

export const OPEN: Flow = { messages: [], end: 'open' };
export const CLOSED: Flow = { messages: [], end: 'closed' };

export interface Wire {
  /** Number of the link at the participant that was dialled; 0 once that one has died. */
  readonly id: number;
  /** From and to the side that dialled. */
  readonly there: Flow;
  readonly back: Flow;
}

export interface Pair {
  /** Link number of the heartbeat connection at the participant, or 0. */
  readonly heart: number;
  readonly wires: readonly Wire[];
}

export const UNCONNECTED: Pair = { heart: 0, wires: [] };

export interface DonorWire extends Wire {
  /** Index of the process. */
  readonly joiner: number;
  readonly donor: number;
}

/** The one that the coordinator uses: it listens there. */
export function currentOf(pair: Pair): Wire | undefined {
  return pair.wires.find((wire) => wire.back.end !== 'closed');
}

/** The one that this joiner uses. */
export function currentDonor(wires: readonly DonorWire[], joiner: number): DonorWire | undefined {
  return wires.find((wire) => wire.joiner === joiner && wire.back.end !== 'closed');
}

export function push(flow: Flow, message: Message): Flow {
  return flow.end === 'open' ? { ...flow, messages: [...flow.messages, message] } : flow;
}

/** The sender hangs up, with so many of its messages still to arrive. */
export function hangUp(flow: Flow, kept = flow.messages.length): Flow {
  if (flow.end !== 'open') return flow;
  return { messages: flow.messages.slice(0, kept), end: 'closing' };
}

export function withoutFirst(flow: Flow): Flow {
  return { ...flow, messages: flow.messages.slice(1) };
}

/** With this wire in its place; a wire of which nobody will hear any more is gone. */
export function replaced<T extends Wire>(wires: readonly T[], old: T, now: T): readonly T[] {
  const isGone = now.there.end === 'closed' && now.back.end === 'closed';
  return wires.flatMap((wire) => (wire !== old ? [wire] : isGone ? [] : [now]));
}

function flowText({ messages, end }: Flow): string {
  return `${messages.map(messageId).join(',')}${end}`;
}

export function wireText({ id, there, back }: Wire): string {
  return `${id}>${flowText(there)}<${flowText(back)}`;
}

const pairTexts = new WeakMap<Pair, string>();

/** Most pairs are as they were in the state before. */
export function pairText(pair: Pair): string {
  let text = pairTexts.get(pair);
  if (text === undefined) {
    text = `${pair.heart};${pair.wires.map(wireText).join(';')}`;
    pairTexts.set(pair, text);
  }
  return text;
}
