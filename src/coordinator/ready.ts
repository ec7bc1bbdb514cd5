/**
 * What goes into and comes out of the coordinator machine: closed unions of plain data.
 *
 * `Ready` says what the shell must do, in this order: note `adopt` for the next sync; append
 * `persist`; send, reply, dial and close as listed (everything that had to wait for a sync was held
 * back by the machine itself); start a sync if `urgent`, or when convenient otherwise, and report
 * it with a `synced` input.
 */
import type { ClusterId, Millis } from '../base/ids.js';
import type { StoreReply, StoreRequest } from '../base/store-request.js';
import type { Lsn } from '../base/sync-gate.js';
import type { Reply, Request } from '../rpc/messages.js';
import type { WalRecord } from '../wal/record.js';

/** A connection that we opened. Never reused. */
export type DialId = number;

/** Where an answer goes: a client session and its request. */
export interface ClientRef {
  readonly session: number;
  readonly token: number;
}

export type CoordinatorInput =
  | {
      readonly type: 'client';
      readonly client: ClientRef;
      readonly request: StoreRequest;
      /** How long it has waited already, if it came before this machine was there. */
      readonly waitedMs?: Millis;
    }
  | { readonly type: 'dialOpened'; readonly dial: DialId }
  | { readonly type: 'dialReply'; readonly dial: DialId; readonly message: Reply }
  | { readonly type: 'dialClosed'; readonly dial: DialId; readonly reason: string }
  /** All records up to this one are on disk. */
  | { readonly type: 'synced'; readonly lsn: Lsn }
  /** The operator or the system wants us to stop: answer everybody now. */
  | { readonly type: 'shutdown' }
  | { readonly type: 'tick' };

export interface Sent {
  readonly dial: DialId;
  readonly message: Request;
  /** Nobody waits for it: it may leave with what follows on its connection, but soon. */
  readonly isPatient: boolean;
}

export interface CoordinatorReady {
  readonly persist: readonly WalRecord[];
  readonly urgent: boolean;
  readonly adopt: { readonly clusterId: ClusterId; readonly generation: number } | null;
  readonly dial: readonly { readonly dial: DialId; readonly address: string }[];
  readonly send: readonly Sent[];
  readonly close: readonly DialId[];
  readonly reply: readonly { readonly client: ClientRef; readonly reply: StoreReply }[];
  /** First records of a new segment; all older segments may go once they are synced. */
  readonly checkpoint: readonly WalRecord[] | null;
  /** This coordinator must not go on: say why, answer nobody else, stop. */
  readonly exit: string | null;
  /** Take the next Ready only after what has arrived meanwhile: it makes a larger batch. */
  readonly again: boolean;
}
