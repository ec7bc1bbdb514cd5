/** One of the two connections to a participant: how far it has come, and when to try again. */
import type { Millis } from '../base/ids.js';
import type { Purpose } from '../rpc/messages.js';
import type { DialId } from './ready.js';

export type ChannelState = 'idle' | 'dialling' | 'greeting' | 'proving' | 'open';

export class Channel {
  dial: DialId | null = null;
  state: ChannelState = 'idle';
  nonce = '';
  retryAt: Millis;
  sinceAt: Millis;
  failures = 0;
  /** It has been open before. */
  isAgain = false;

  constructor(
    readonly purpose: Purpose,
    now: Millis,
  ) {
    this.retryAt = now;
    this.sinceAt = now;
  }

  get isLost(): boolean {
    return this.isAgain && this.state !== 'open';
  }
}
