/**
 * The words of the protocol as types. Plain data, no behaviour beyond comparison and printing.
 */

/** Milliseconds on a monotonic clock of one process; never compared between processes. */
export type Millis = number;

/**
 * Number of a transaction: contiguous over the life of a cluster, in decision order; 0 is "none".
 */
export type TxId = number;

/** Random identity of a cluster, made once by its first coordinator: 32 hexadecimal digits. */
export type ClusterId = string;

/** Random identity of one data folder, made once and synced before it is first said. */
export type StoreId = string;

/** One start of a coordinator. Two epochs are the same only if number and nonce are. */
export interface Epoch {
  readonly number: number;
  readonly nonce: string;
}

const EPOCHS_PER_GENERATION = 1000;

export const NO_EPOCH: Epoch = { number: 0, nonce: '' };

export function sameEpoch(a: Epoch, b: Epoch): boolean {
  return a.number === b.number && a.nonce === b.nonce;
}

export interface Member {
  readonly storeId: StoreId;
  /** `host:port`, as configured at the coordinator that made the view. */
  readonly address: string;
}

/** The participants that hold every acknowledged write, from `firstTxid` on. */
export interface View {
  readonly number: number;
  /** The epoch in which the view was made. */
  readonly epoch: Epoch;
  readonly firstTxid: TxId;
  readonly members: readonly Member[];
}

/** Of two lines of views the one of the later epoch counts: it fenced the other. */
export function isNewerView(view: View, than: View | null): boolean {
  if (than === null || view.epoch.number !== than.epoch.number) {
    return than === null || view.epoch.number > than.epoch.number;
  }
  return view.number > than.number;
}

export function newestView(views: readonly (View | null)[]): View | null {
  return views.reduce(
    (newest, view) => (view !== null && isNewerView(view, newest) ? view : newest),
    null,
  );
}

export function sameView(a: View | null, b: View | null): boolean {
  return a !== null && b !== null && a.number === b.number && sameEpoch(a.epoch, b.epoch);
}

/**
 * Epochs of a generation begin here, above all those of earlier generations. So a view, which bears
 * its epoch, tells of which generation it is, wherever it is stored.
 */
export function firstEpochOf(generation: number): number {
  return generation * EPOCHS_PER_GENERATION;
}

/** Of the epoch with this number. */
export function generationOf(epoch: number): number {
  return Math.floor(epoch / EPOCHS_PER_GENERATION);
}

/** A view of an earlier generation is void: it need not share a member with the forced one. */
export function viewIn(generation: number, view: View | null): View | null {
  return view !== null && view.epoch.number >= firstEpochOf(generation) ? view : null;
}

export function isMember(view: View | null, storeId: StoreId): boolean {
  return view !== null && view.members.some((member) => member.storeId === storeId);
}

/**
 * A place in the committed sequence. `epoch` is the number of the epoch whose PREPARE made the last
 * committed transaction, `chain` the rolling hash over all committed transactions up to `txid`.
 */
export interface Position {
  readonly txid: TxId;
  readonly chain: string;
}

export const START_CHAIN = '0'.repeat(32);
export const START_POSITION: Position = { txid: 0, chain: START_CHAIN };

/** What a client is told of a transaction: `EPOCH:TXID`. */
export function formatTxid(epoch: number, txid: TxId): string {
  return `${epoch}:${txid}`;
}
