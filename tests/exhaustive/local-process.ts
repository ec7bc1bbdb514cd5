/**
 * What the exploration asks of one process, whichever role it has: inputs in, effects out, all of
 * it deterministic, so that a process is a finite automaton (`automaton.ts`) and any of its states
 * can be made again from the inputs that led there.
 */
import type { StoreReply } from '../../src/base/store-request.js';
import { Prng } from '../../src/base/prng.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import type { SavedDisk } from './model-disk.js';

export type Message = Request | Reply;

/**
 * `at` names a connection. At the coordinator: `d0`, `h0` are its data and heartbeat connections to
 * the first participant. At a participant: the number of a link, or `donor`.
 */
export type LocalInput =
  | { readonly kind: 'opened'; readonly at: string }
  | { readonly kind: 'message'; readonly at: string; readonly message: Message }
  | { readonly kind: 'closed'; readonly at: string }
  /** The flush under way is done. */
  | { readonly kind: 'synced' }
  /** The next step of storing a received snapshot is done. */
  | { readonly kind: 'stored' }
  /** So much time has passed. */
  | { readonly kind: 'tick'; readonly ms: number }
  | { readonly kind: 'client'; readonly request: number };

/** What a process does to the world, in order. */
export type Effect =
  | { readonly kind: 'send'; readonly at: string; readonly message: Message }
  | { readonly kind: 'close'; readonly at: string }
  | { readonly kind: 'reply'; readonly request: number; readonly reply: StoreReply }
  /** The coordinator dials a participant, a joiner its donor. */
  | { readonly kind: 'dial'; readonly at: string; readonly address: string }
  | { readonly kind: 'exit'; readonly reason: string };

export interface Step {
  readonly effects: readonly Effect[];
  /** Records that were not synced before the effect with the same index. */
  readonly unsynced: readonly number[];
  /** `epoch:txid=commit` of outcomes that were applied. */
  readonly applied: readonly string[];
}

/** What others may know of a process in this state. */
export interface Facts {
  /** Milliseconds until its alarm. */
  readonly alarmIn: number;
  readonly isFlushing: boolean;
  readonly isStoring: boolean;
  readonly unsynced: number;
  /** The number of the next link to this participant. */
  readonly nextLink: number;
  /** Links whose end would end something else: a catch-up that was asked for, a refill. */
  readonly boundLinks: readonly number[];
  /** Nothing is under way. */
  readonly isCalm: boolean;
  /** Position and digest of a participant; phase of a coordinator. */
  readonly position: string;
  /** Bits of the requests that are in the table. */
  readonly applied: number;
  readonly complaint: string;
}

export interface LocalProcess {
  input(input: LocalInput): Step;
  canonical(): string;
  facts(): Facts;
  /** What the folder holds after a crash. */
  save(kept: number): SavedDisk;
}

/** Random names: a constant, except for the nonce of an epoch, which each start has its own of. */
export class NamingPrng extends Prng {
  constructor(private readonly name: string) {
    super(1);
  }

  override hex(): string {
    return this.name;
  }
}

export function keyOf(input: LocalInput): string {
  switch (input.kind) {
    case 'message':
      return `${input.at}<${messageId(input.message)}`;
    case 'opened':
    case 'closed':
      return `${input.at} ${input.kind}`;
    case 'tick':
      return `tick ${input.ms}`;
    case 'client':
      return `client ${input.request}`;
    default:
      return input.kind;
  }
}

const messages = new Map<string, Message>();
const messageIds = new WeakMap<Message, number>();

/** Of a message that `internMessage` returned. */
export function messageId(message: Message): number {
  return messageIds.get(message) ?? 0;
}

/**
 * One object for all equal messages. What nobody looks at is the same in all of them: numbers of
 * pings, and when a coordinator was last heard, which only a start without log asks about.
 */
export function internMessage(message: Message): Message {
  const plain = withoutNoise(message);
  const text = JSON.stringify(plain);
  const known = messages.get(text);
  if (known !== undefined) return known;
  messages.set(text, plain);
  messageIds.set(plain, messages.size);
  return plain;
}

function withoutNoise(message: Message): Message {
  switch (message.type) {
    case 'ping':
      return { ...message, sequence: 0 };
    case 'pong':
      return { ...message, sequence: 0, progress: 0 };
    case 'status':
    case 'fenced': {
      const { status } = message;
      return { ...message, status: { ...status, heardMsAgo: -1, heardEpoch: NOBODY } };
    }
    default:
      return message;
  }
}

const NOBODY = { number: 0, nonce: '' };

/** A rule that is switched off on purpose, to see that its absence is found. */
export interface Sabotage {
  /** Whose promises leave before the log is synced. */
  readonly openGate: 'coordinator' | 'participant' | null;
  /** Nobody looks at what is sent; only at what comes of it. */
  readonly isBlind: boolean;
}

export const NO_SABOTAGE: Sabotage = { openGate: null, isBlind: false };

/** Actions behind a gate are closures: what each has captured is told when it is queued. */
export function labelActions(
  gate: { whenSynced(action: () => void): void },
  isOpen: boolean,
  labels: WeakMap<() => void, string>,
  context: () => string,
): void {
  const whenSynced = gate.whenSynced.bind(gate);
  gate.whenSynced = (action) => {
    if (isOpen) {
      action();
      return;
    }
    labels.set(action, `${action.toString()} ${context()}`);
    whenSynced(action);
  };
}
