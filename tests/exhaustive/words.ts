/** Events of an explored path in words for people. */
import { describe, describeReply } from '../cluster/sim-observer.js';
import type { Effect, LocalInput } from './local-process.js';

export function nameOf(who: number): string {
  return who === 0 ? 'c' : `p${who}`;
}

export function describeInput(input: LocalInput): string {
  switch (input.kind) {
    case 'message':
      return `takes ${describe(input.message)}`;
    case 'opened':
      return `has connection ${input.at}`;
    case 'closed':
      return `hears the end of connection ${input.at}`;
    case 'synced':
      return 'has synced';
    case 'stored':
      return 'has stored a step of a snapshot';
    case 'tick':
      return 'hears its alarm';
    case 'client':
      return `is asked for write ${input.request}`;
  }
}

export function describeEffect(effect: Effect): string {
  if (effect.kind === 'send') return `send ${describe(effect.message)}`;
  if (effect.kind === 'reply') return `reply ${describeReply(effect.reply)} to ${effect.request}`;
  return effect.kind;
}
