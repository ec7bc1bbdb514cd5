/**
 * What a client session asks of the store, and what it may be answered. Plain data between
 * `resp/session.ts` and the coordinator machine; neither knows the other.
 */

import type { Bytes } from './bytes.js';

/**
 * Keys are byte strings held as latin1 text (one character a byte), so that they can be Map keys.
 */
export type Key = string;

export interface SetCommand {
  readonly op: 'set';
  readonly pairs: readonly (readonly [Key, Buffer])[];
}

export interface DelCommand {
  readonly op: 'del';
  readonly keys: readonly Key[];
}

/** One client command that changes data: all of it happens in one transaction, or none. */
export type WriteCommand = SetCommand | DelCommand;

export interface ReadCommand {
  /**
   * `get`: values; `exists`: how many of the keys are there, duplicates counted; `size`: all keys.
   */
  readonly op: 'get' | 'exists' | 'size';
  readonly keys: readonly Key[];
}

export type StoreRequest =
  | { readonly type: 'write'; readonly command: WriteCommand }
  | { readonly type: 'read'; readonly command: ReadCommand }
  /** `EPOCH:TXID` as an earlier answer named it. */
  | { readonly type: 'txstatus'; readonly txid: string };

export type StoreReply =
  | { readonly type: 'ok' }
  | { readonly type: 'count'; readonly count: number }
  | { readonly type: 'values'; readonly values: readonly (Bytes | null)[] }
  | { readonly type: 'status'; readonly status: 'committed' | 'aborted' | 'pending' | 'forgotten' }
  /**
   * `code` is the error's first word (`ERR`, `UNKNOWN`, `NOREPLICAS`, `OOM`, …); text has no line
   * ends.
   */
  | { readonly type: 'error'; readonly code: string; readonly text: string };
