/**
 * What a session may ask of the process around it. The shell implements this once per process;
 * tests implement it with constants. Everything here answers at once and changes nothing that a
 * client could read, so a session stays a pure function of its input and these answers.
 */
import type { SessionLimits } from './limits.js';

/** `auto`: `lab` until the client introduces itself, then `redis` for good. */
export type ReplyFormatSetting = 'redis' | 'lab' | 'auto';

/** One connected client, as CLIENT LIST shows it. */
export interface ClientInfo {
  readonly id: number;
  readonly address: string;
  readonly localAddress: string;
  readonly name: string;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
  readonly flags: string;
  /** Bytes that arrived and are not yet part of a whole request. */
  readonly queryBytes: number;
  /** Bytes of replies that the client has not taken. */
  readonly outputBytes: number;
  readonly inFlight: number;
  readonly command: string;
  readonly resp: number;
  readonly libName: string;
  readonly libVersion: string;
}

/** How a command ended, for the statistics: ran, ran and answered an error, or was never run. */
export type CommandVerdict = 'called' | 'failed' | 'rejected';

export interface SessionEnvironment {
  readonly role: 'coordinator' | 'participant';
  readonly replyFormat: ReplyFormatSetting;
  /** '' if clients need no password. */
  readonly requirepass: string;
  readonly limits: SessionLimits;
  /** `HOST:PORT`, for clients that ask a participant. */
  readonly coordinatorAddress: string;
  /** The text of INFO; no section named means the default ones. */
  info(sections: readonly string[]): string;
  /** Settings as CONFIG GET shows them; secrets are not among them. */
  configEntries(): readonly (readonly [name: string, value: string])[];
  clients(): readonly ClientInfo[];
  /** Microseconds of the wall clock, for TIME only. */
  wallClockMicros(): number;
  countCommand(fullName: string, verdict: CommandVerdict): void;
}
