/**
 * One transaction at the coordinator and the client commands in it.
 *
 * Its life: `preparing` (sent, votes come in), then `committed` (every member has prepared it), or
 * `aborting` (ABORT handed to the log) and `aborted` (the record is on disk, members are told).
 * Plain data and the transition table; the steps are in `transactions.ts`.
 */
import { assert } from '../base/assert.js';
import type { Millis, StoreId, TxId } from '../base/ids.js';
import type { WriteCommand } from '../base/store-request.js';
import type { ClientRef } from './ready.js';

export interface PendingWrite {
  /** Null once the client has its answer. */
  client: ClientRef | null;
  readonly command: WriteCommand;
  readonly bytes: number;
  readonly pairs: number;
  deadline: Millis;
}

export interface Payload {
  /** Empty when staged. */
  readonly parts: readonly Buffer[];
  readonly stage: string;
  readonly length: number;
  readonly crc: number;
}

export type TransactionState = 'preparing' | 'aborting' | 'committed' | 'aborted';

/**
 * Absent: illegal. There is no way from a decision back, and none from one decision to the other.
 */
export const TRANSITIONS: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  preparing: ['committed', 'aborting'],
  aborting: ['aborted'],
  committed: [],
  aborted: [],
};

/** Why a transaction is aborted, and what its clients are told. */
export interface AbortReason {
  readonly code: string;
  readonly text: string;
  /** Its commands were only in the way of another's abort: they are batched anew. */
  readonly retry: boolean;
}

export class Transaction {
  state: TransactionState = 'preparing';
  readonly votes = new Map<StoreId, { readonly yes: boolean; readonly reason: string }>();
  /** Members that have answered the outcome. */
  readonly done = new Set<StoreId>();
  abort: AbortReason | null = null;

  constructor(
    readonly epoch: number,
    readonly txid: TxId,
    readonly payload: Payload,
    readonly writes: readonly PendingWrite[],
  ) {}

  /** Votes on what came in pieces take as long as their checksums: small batches pass beside it. */
  get isInline(): boolean {
    return this.payload.stage === '';
  }

  become(state: TransactionState): void {
    assert(TRANSITIONS[this.state].includes(state), 'a transaction goes from state to state');
    this.state = state;
  }

  /** A command whose answer depends on the data waits for the first DONE. */
  get awaitsResults(): boolean {
    return this.writes.some((write) => write.client !== null && write.command.op === 'del');
  }
}
