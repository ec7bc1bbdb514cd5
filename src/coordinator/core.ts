/**
 * What the parts of the coordinator machine share: identity, epoch, outcomes, the outbox, and the
 * gate that holds back every promise until the log has reached the disk. Persist-before-send lives
 * here: a part persists a record and hands what depends on it to `whenSynced`. COMMIT alone is told
 * before it is synced, since the members' records promise it (`transactions.ts`); how many of them
 * may wait for the disk is bounded (`isLogBehind`).
 */
import { type ClusterId, type Epoch, type Millis, type StoreId, NO_EPOCH } from '../base/ids.js';
import { MAX_UNSYNCED_MS, MAX_UNSYNCED_RECORDS } from '../base/limits.js';
import type { StoreReply } from '../base/store-request.js';
import { type Lsn, SyncGate } from '../base/sync-gate.js';
import type { Trace } from '../ports/trace.js';
import type { Request } from '../rpc/messages.js';
import type { WalRecord } from '../wal/record.js';
import { FullDisk } from './full-disk.js';
import type { Outcomes } from './outcomes.js';
import type { ClientRef, CoordinatorReady, DialId, Sent } from './ready.js';

export interface CoordinatorSettings {
  /** `host:port` where this coordinator listens. */
  readonly ownAddress: string;
  /** `host:port` of every configured participant. */
  readonly participants: readonly string[];
  readonly clusterSecret: string;
  readonly heartbeatIntervalMs: Millis;
  readonly failureTimeoutMs: Millis;
  readonly requestTimeoutMs: Millis;
  readonly recoveryWaitMs: Millis;
  readonly minParticipants: number;
  readonly maxMemoryBytes: number;
  readonly maxKeys: number;
  readonly maxQueuedRequests: number;
  /** So many waiting commands are worth a transaction at once, beside others under way. */
  readonly companionCommands: number;
  /** So many are where the newest batch under way takes long. */
  readonly lateCompanionCommands: number;
  /** So many waiting reads are worth a question to a member that owes an answer. */
  readonly companionReads: number;
  /** Address of the one participant whose store is to be taken as the truth; '' normally. */
  readonly forcedView: string;
  /**
   * When the operator said so, in seconds since 1970; the generation is at least this number, so
   * that of overrides by coordinators which know nothing of each other the later one counts.
   */
  readonly forcedAt: number;
}

export interface CoordinatorCounters {
  commits: number;
  commands: number;
  abortsRefused: number;
  abortsTooFew: number;
  abortsRecovery: number;
  unknowns: number;
  reads: number;
  rereads: number;
  viewChanges: number;
  rejoins: number;
  rejoinsBySnapshot: number;
  failedRejoins: number;
  divergences: number;
  lastBatchCommands: number;
  largestBatchCommands: number;
}

export type Phase = 'recovering' | 'serving' | 'halted' | 'stopped';

export class CoordinatorCore {
  readonly gate = new SyncGate();
  readonly fullDisk = new FullDisk();
  /** A clock that stands still while this process does not run. */
  now: Millis;
  readonly startedAt: Millis;
  phase: Phase = 'recovering';
  /** What is awaited, or why nothing is served, in words for people. */
  condition = 'the coordinator has just started';
  epoch: Epoch = NO_EPOCH;
  clusterId: ClusterId;
  generation: number;
  /** Highest txid that was given to a transaction. */
  lastTxid = 0;
  /**
   * Highest txid whose outcome may be told: of a commit once it is decided, of an abort and of what
   * a start has decided once it is on disk here.
   */
  toldTxid = 0;
  /** Requests of all clients that have no answer yet, wherever they are. */
  unanswered = 0;
  readonly counters: CoordinatorCounters = {
    commits: 0,
    commands: 0,
    abortsRefused: 0,
    abortsTooFew: 0,
    abortsRecovery: 0,
    unknowns: 0,
    reads: 0,
    rereads: 0,
    viewChanges: 0,
    rejoins: 0,
    rejoinsBySnapshot: 0,
    failedRejoins: 0,
    divergences: 0,
    lastBatchCommands: 0,
    largestBatchCommands: 0,
  };

  private dials = 0;
  /** Since when a record waits for the disk, or since when the last one got there. */
  private unsyncedSince: Millis = 0;
  private records: WalRecord[] = [];
  private urgent = false;
  private adopted: CoordinatorReady['adopt'] = null;
  private dialling: { dial: DialId; address: string }[] = [];
  private outbox: Sent[] = [];
  private closing: DialId[] = [];
  private replies: { client: ClientRef; reply: StoreReply }[] = [];
  private newSegment: readonly WalRecord[] | null = null;
  private exiting: string | null = null;
  private wantsAgain = false;

  constructor(
    readonly settings: CoordinatorSettings,
    readonly storeId: StoreId,
    identity: { readonly clusterId: ClusterId; readonly generation: number },
    readonly outcomes: Outcomes,
    readonly trace: Trace,
    now: Millis,
  ) {
    this.clusterId = identity.clusterId;
    this.generation = identity.generation;
    this.now = now;
    this.startedAt = now;
    this.lastTxid = outcomes.decidedTxid;
    this.toldTxid = outcomes.decidedTxid;
  }

  persist(record: WalRecord, urgent: boolean): void {
    if (this.gate.synced === this.gate.appended) this.unsyncedSince = this.now;
    this.records.push(record);
    this.gate.append();
    this.urgent ||= urgent;
  }

  synced(lsn: Lsn): void {
    if (lsn > this.gate.synced) this.unsyncedSince = this.now;
    this.gate.release(lsn);
  }

  /** So much that was told is not on disk here that nothing more should be. */
  get isLogBehind(): boolean {
    const unsynced = this.gate.appended - this.gate.synced;
    if (unsynced >= MAX_UNSYNCED_RECORDS) return true;
    return unsynced > 0 && this.now - this.unsyncedSince >= MAX_UNSYNCED_MS;
  }

  adopt(clusterId: ClusterId, generation: number): void {
    this.clusterId = clusterId;
    this.generation = generation;
    this.adopted = { clusterId, generation };
    this.urgent = true;
  }

  dial(address: string): DialId {
    this.dials += 1;
    this.dialling.push({ dial: this.dials, address });
    return this.dials;
  }

  send(dial: DialId, message: Request, isPatient = false): void {
    this.outbox.push({ dial, message, isPatient });
  }

  close(dial: DialId): void {
    this.closing.push(dial);
  }

  reply(client: ClientRef, reply: StoreReply): void {
    this.unanswered -= 1;
    this.replies.push({ client, reply });
  }

  fail(client: ClientRef, code: string, text: string): void {
    this.reply(client, { type: 'error', code, text });
  }

  /** Says once what recovery is waiting for. */
  await(text: string): void {
    if (this.condition === text) return;
    this.condition = text;
    this.trace.event('info', `recovering: ${text}`);
  }

  checkpoint(records: readonly WalRecord[]): void {
    this.newSegment = records;
  }

  exit(reason: string): void {
    this.exiting ??= reason;
    this.phase = 'stopped';
    this.condition = reason;
    this.trace.event('error', reason);
  }

  /** The next Ready is better taken after one more round of input. */
  again(): void {
    this.wantsAgain = true;
  }

  takeReady(): CoordinatorReady | null {
    const idle =
      !this.wantsAgain &&
      this.records.length === 0 &&
      !this.urgent &&
      this.dialling.length === 0 &&
      this.outbox.length === 0 &&
      this.closing.length === 0 &&
      this.replies.length === 0 &&
      this.newSegment === null &&
      this.exiting === null;
    if (idle) return null;
    const ready: CoordinatorReady = {
      persist: this.records,
      urgent: this.urgent,
      adopt: this.adopted,
      dial: this.dialling,
      send: this.outbox,
      close: this.closing,
      reply: this.replies,
      checkpoint: this.newSegment,
      exit: this.exiting,
      again: this.wantsAgain,
    };
    this.wantsAgain = false;
    this.records = [];
    this.urgent = false;
    this.adopted = null;
    this.dialling = [];
    this.outbox = [];
    this.closing = [];
    this.replies = [];
    this.newSegment = null;
    this.exiting = null;
    return ready;
  }
}
