/**
 * What goes into and comes out of the participant machine: closed unions of plain data.
 *
 * `Ready` says what the shell must do, in this order: append `persist`; carry out `install` and
 * `adopt` steps; send and close as listed (everything that had to wait for a sync was held back
 * by the machine itself); start a sync if `urgent`, or when convenient otherwise, and report it
 * with a `synced` input.
 */
import type { StoreId } from '../base/ids.js';
import type { Lsn } from '../base/sync-gate.js';
import type { Reply, Request } from '../rpc/messages.js';
import type { SnapshotHeader } from '../storage/snapshot-header.js';
import type { Adoption, WalRecord } from '../wal/record.js';

/** A connection that a peer opened to us. Never reused. */
export type LinkId = number;

export type ParticipantInput =
  | { readonly type: 'linkOpened'; readonly link: LinkId }
  | { readonly type: 'request'; readonly link: LinkId; readonly message: Request }
  | { readonly type: 'linkClosed'; readonly link: LinkId }
  /** All records up to this one are on disk. */
  | { readonly type: 'synced'; readonly lsn: Lsn }
  /**
   * A flush found the disk full: of everything handed out from this record on, promises are
   * dropped. The `synced` of what was kept follows. Told before anything else is handed to the
   * machine.
   */
  | { readonly type: 'diskFull'; readonly from: Lsn }
  /** The connection to the donor: at most one at a time. */
  | { readonly type: 'donorOpened' }
  | { readonly type: 'donorReply'; readonly message: Reply }
  | { readonly type: 'donorClosed'; readonly reason: string }
  /** Snapshot frames of the install with this number are in the temporary file. */
  | { readonly type: 'framesStored'; readonly install: number }
  /** The install is complete, renamed and synced; older files are gone. */
  | { readonly type: 'installed'; readonly install: number }
  | { readonly type: 'installFailed'; readonly install: number; readonly reason: string }
  | { readonly type: 'checkpointDone' }
  | { readonly type: 'tick' };

/** One step of writing a received snapshot to disk. */
export type InstallStep =
  | { readonly step: 'begin'; readonly install: number }
  | { readonly step: 'frames'; readonly install: number; readonly frames: readonly Buffer[] }
  /** Sync the file, start a segment with the preamble, rename, remove what is older. */
  | {
      readonly step: 'finish';
      readonly install: number;
      readonly preamble: readonly WalRecord[];
    }
  | { readonly step: 'discard'; readonly install: number };

/** A snapshot of our own state, written with pauses while the log goes on in a new segment. */
export interface Checkpoint {
  readonly header: SnapshotHeader;
  readonly preamble: readonly WalRecord[];
  readonly frames: Iterator<Buffer>;
}

export interface ParticipantReady {
  readonly persist: readonly WalRecord[];
  readonly urgent: boolean;
  readonly adopt: Adoption | null;
  readonly install: readonly InstallStep[];
  readonly send: readonly { readonly link: LinkId; readonly message: Reply }[];
  readonly close: readonly LinkId[];
  readonly dialDonor: { readonly address: string; readonly storeId: StoreId } | null;
  readonly sendDonor: readonly Request[];
  readonly closeDonor: boolean;
  readonly checkpoint: Checkpoint | null;
}
