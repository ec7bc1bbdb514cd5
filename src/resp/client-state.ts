/**
 * What a connection remembers between commands, and the only thing a command may change. Owned by
 * one session; knows nothing of parsing, reply order or sockets.
 */
import { sameSecret } from '../base/hash.js';
import type { RespVersion } from './encode.js';
import type { ReplyFormatSetting } from './environment.js';

export type ReplyFormat = 'redis' | 'lab';

/** In which format a connection begins. */
export function firstFormat(setting: ReplyFormatSetting): ReplyFormat {
  return setting === 'redis' ? 'redis' : 'lab';
}

export interface ConnectionFacts {
  readonly id: number;
  /** `host:port` of the client. */
  readonly remoteAddress: string;
  /** `host:port` that it connected to. */
  readonly localAddress: string;
}

export class ClientState {
  version: RespVersion = 2;
  name = '';
  libName = '';
  libVersion = '';
  lastCommand = 'NULL';
  noEvict = false;
  noTouch = false;
  /** CLIENT REPLY: off for good, or for the command after this one, or for this one. */
  repliesOff = false;
  skipNextReply = false;
  skipThisReply = false;
  authenticated: boolean;

  constructor(
    readonly facts: ConnectionFacts,
    private readonly requirepass: string,
  ) {
    this.authenticated = requirepass === '';
  }

  get passwordRequired(): boolean {
    return this.requirepass !== '';
  }

  /** There is one user, `default`; without a configured password any password is right. */
  authenticate(user: string, password: string): boolean {
    if (user !== 'default') return false;
    if (this.passwordRequired && !sameSecret(password, this.requirepass)) return false;
    this.authenticated = true;
    return true;
  }

  /** RESET: as if the connection were new. */
  reset(): void {
    this.version = 2;
    this.name = '';
    this.noEvict = false;
    this.noTouch = false;
    this.repliesOff = false;
    this.skipNextReply = false;
    this.skipThisReply = false;
    this.authenticated = !this.passwordRequired;
  }
}
