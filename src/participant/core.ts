/**
 * What the parts of the participant machine share: the state, the outbox, and the gate that holds
 * back every promise until the log has reached the disk. Persist-before-send lives here: a part
 * persists a record and hands its answer to `whenSynced`.
 */
import type { Millis, StoreId, ClusterId } from '../base/ids.js';
import { SyncGate } from '../base/sync-gate.js';
import { PIECE_BYTES } from '../base/limits.js';
import type { Trace } from '../ports/trace.js';
import type { Refused, Reply, Request } from '../rpc/messages.js';
import type { Status } from '../rpc/status.js';
import { NO_EPOCH } from '../base/ids.js';
import type { Adoption, WalRecord } from '../wal/record.js';
import type { Checkpoint, InstallStep, LinkId, ParticipantReady } from './ready.js';
import type { ParticipantState } from './state.js';

export interface ParticipantSettings {
  /** `host:port` where the configured coordinator listens. */
  readonly coordinatorAddress: string;
  /** '' when processes need no secret. */
  readonly clusterSecret: string;
  /** Accounted bytes of the table and of everything prepared; above it the answer is NO. */
  readonly maxMemoryBytes: number;
  readonly donorTimeoutMs: Millis;
  readonly scrubIntervalMs: Millis;
}

/** Counters for INFO. */
export interface ParticipantCounters {
  commits: number;
  aborts: number;
  refusedPrepares: number;
  reads: number;
  checkpoints: number;
  installs: number;
  scrubbedShards: number;
}

type LastHeard = Pick<Status, 'heardMsAgo' | 'heardEpoch'>;

/** Why peers are refused is told again after so long. */
const REPEAT_REFUSAL_MS: Millis = 60_000;

export class ParticipantCore {
  readonly gate = new SyncGate();
  now: Millis = 0;
  clusterId: ClusterId;
  generation: number;
  /** Highest txid whose outcome is on disk. */
  syncedTxid: number;
  /** Not 0: this txid was refused; so is everything behind it until its ABORT is logged. */
  refusedTxid = 0;
  refusedBecause = '';
  heardAt: Millis | null = null;
  heardEpoch = NO_EPOCH;
  /** The disk had no room at the last attempt. */
  diskFull = false;
  /** How often what was appended found no room. */
  private timesFull = 0;
  readonly counters: ParticipantCounters = {
    commits: 0,
    aborts: 0,
    refusedPrepares: 0,
    reads: 0,
    checkpoints: 0,
    installs: 0,
    scrubbedShards: 0,
  };

  /** Why somebody was refused, when it was told last. */
  private refusal = '';
  private refusalAt: Millis = 0;
  private records: WalRecord[] = [];
  private urgent = false;
  private adopted: ParticipantReady['adopt'] = null;
  private steps: InstallStep[] = [];
  private outbox: { link: LinkId; message: Reply }[] = [];
  private closing: LinkId[] = [];
  private donorDial: ParticipantReady['dialDonor'] = null;
  private donorOutbox: Request[] = [];
  private donorClosing = false;
  private pendingCheckpoint: Checkpoint | null = null;

  constructor(
    readonly state: ParticipantState,
    readonly settings: ParticipantSettings,
    readonly storeId: StoreId,
    identity: { readonly clusterId: ClusterId; readonly generation: number },
    readonly trace: Trace,
  ) {
    this.clusterId = identity.clusterId;
    this.generation = identity.generation;
    this.syncedTxid = state.resolved.txid;
  }

  persist(record: WalRecord, urgent: boolean): void {
    this.records.push(record);
    this.gate.append();
    this.urgent ||= urgent;
  }

  /** Asks for a sync at once, and runs this when all that was persisted so far is on disk. */
  whenSynced(callback: () => void): void {
    this.urgent = true;
    this.gate.whenSynced(callback);
  }

  adopt(adoption: Adoption): void {
    this.clusterId = adoption.clusterId;
    this.generation = adoption.generation;
    this.state.overridden = adoption.overridden;
    this.adopted = adoption;
  }

  install(step: InstallStep): void {
    this.steps.push(step);
  }

  send(link: LinkId, message: Reply): void {
    this.outbox.push({ link, message });
  }

  close(link: LinkId): void {
    this.closing.push(link);
  }

  refuse(link: LinkId, code: Refused['code'], text: string): void {
    this.send(link, { type: 'refused', code, text, epoch: this.state.epoch });
    this.close(link);
    // Whoever is refused comes again and again.
    const isNews = text !== this.refusal || this.now >= this.refusalAt + REPEAT_REFUSAL_MS;
    if (!isNews) return;
    this.trace.event('warn', `refused a peer: ${text}`, { code });
    this.refusal = text;
    this.refusalAt = this.now;
  }

  /** The table is not what was written: it serves nothing until another store has refilled it. */
  declareUnfit(): void {
    this.state.fit = false;
    const text = 'a stored value changed by itself: this participant must be refilled';
    this.trace.event('error', text);
  }

  dialDonor(address: string, storeId: StoreId): void {
    this.donorDial = { address, storeId };
  }

  sendDonor(message: Request): void {
    this.donorOutbox.push(message);
  }

  closeDonor(): void {
    this.donorClosing = true;
    this.donorOutbox = [];
    this.donorDial = null;
  }

  checkpoint(checkpoint: Checkpoint): void {
    this.pendingCheckpoint = checkpoint;
  }

  onDiskFull(): void {
    this.diskFull = true;
    this.timesFull += 1;
  }

  /**
   * Tells what is here now, when all of it is on disk: nothing that comes meanwhile, which may be
   * on no disk yet, and nothing that finds no room. Only when the coordinator was last heard is as
   * of the telling: a slow sync must not make it look alive.
   */
  whenStatusSynced(tell: (status: Status) => void): void {
    const { timesFull } = this;
    const status = this.status();
    this.whenSynced(() => {
      if (timesFull === this.timesFull) tell({ ...status, ...this.lastHeard() });
      else this.whenStatusSynced(tell);
    });
  }

  private status(): Omit<Status, keyof LastHeard> {
    const { state } = this;
    return {
      storeId: this.storeId,
      clusterId: this.clusterId,
      generation: this.generation,
      empty: state.empty,
      fit: state.fit && !state.installing,
      overridden: state.overridden,
      epoch: state.epoch,
      view: state.view,
      resolved: state.resolved,
      digest: state.table.digest(),
      synced: this.syncedTxid,
      inDoubt: state.inDoubt.map(({ record: { epoch, txid, crc } }) => ({ epoch, txid, crc })),
      aborted: [...state.aborted],
      lineage: state.lineage,
      tailFrom: state.tailFrom,
      ...state.sizeAtMost(),
    };
  }

  private lastHeard(): LastHeard {
    const { heardAt, heardEpoch, now } = this;
    return {
      heardMsAgo: heardAt === null ? -1 : Math.max(0, Math.round(now - heardAt)),
      heardEpoch,
    };
  }

  /** Forgets a staged payload, here and for a later start, unless it is prepared. */
  dropStage(name: string): void {
    const { stages, inDoubt } = this.state;
    if (stages.get(name) === undefined) return;
    if (inDoubt.some(({ record }) => record.stage === name)) return;
    stages.remove(name);
    const bytes = Buffer.alloc(0);
    this.persist({ kind: 'piece', stage: name, offset: 0, total: 0, bytes }, false);
  }

  /** All of them but those that are prepared. */
  dropStages(): void {
    for (const { name } of [...this.state.stages.all()]) this.dropStage(name);
  }

  /** Records that must open a new segment so that older ones may go. */
  preamble(): WalRecord[] {
    const { state } = this;
    const records: WalRecord[] = [];
    if (state.epoch.number > 0) records.push({ kind: 'epoch', epoch: state.epoch });
    if (state.view !== null) records.push({ kind: 'view', view: state.view });
    if (state.tailFrom > 0) records.push({ kind: 'tail', txid: state.tailFrom });
    for (const stage of state.stages.all()) {
      const bytes = stage.payload.subarray(0, stage.have);
      for (const piece of slices(bytes)) {
        const total = stage.payload.length;
        const { offset, slice } = piece;
        records.push({ kind: 'piece', stage: stage.name, offset, total, bytes: slice });
      }
    }
    for (const { record } of state.inDoubt) records.push(record);
    return records;
  }

  takeReady(): ParticipantReady | null {
    const idle =
      this.records.length === 0 &&
      !this.urgent &&
      this.adopted === null &&
      this.steps.length === 0 &&
      this.outbox.length === 0 &&
      this.closing.length === 0 &&
      this.donorDial === null &&
      this.donorOutbox.length === 0 &&
      !this.donorClosing &&
      this.pendingCheckpoint === null;
    if (idle) return null;
    const ready: ParticipantReady = {
      persist: this.records,
      urgent: this.urgent,
      adopt: this.adopted,
      install: this.steps,
      send: this.outbox,
      close: this.closing,
      dialDonor: this.donorDial,
      sendDonor: this.donorOutbox,
      closeDonor: this.donorClosing,
      checkpoint: this.pendingCheckpoint,
    };
    this.records = [];
    this.urgent = false;
    this.adopted = null;
    this.steps = [];
    this.outbox = [];
    this.closing = [];
    this.donorDial = null;
    this.donorOutbox = [];
    this.donorClosing = false;
    this.pendingCheckpoint = null;
    return ready;
  }
}

/** Slices of at most `PIECE_BYTES`, in order. */
function* slices(bytes: Buffer): Generator<{ offset: number; slice: Buffer }> {
  for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
    yield { offset, slice: bytes.subarray(offset, offset + PIECE_BYTES) };
  }
}
