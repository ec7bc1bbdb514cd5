/**
 * What a participant knows, as its log and snapshot make it: the durable state of the machine.
 *
 * `recovery.ts` builds it from records, the machine changes it with each record that it hands out;
 * both go through the methods here, so that a replayed record has exactly the effect that it had
 * when it was written. Invariants: `inDoubt` is contiguous from `resolved.txid + 1`; transactions
 * are applied in txid order; `resolved.chain` covers exactly the committed transactions.
 */
import { assert } from '../base/assert.js';
import {
  type Epoch,
  type Position,
  type TxId,
  type View,
  NO_EPOCH,
  START_POSITION,
} from '../base/ids.js';
import { REMEMBERED_ABORTS } from '../base/limits.js';
import { type Lineage, extended } from '../base/lineage.js';
import type { Lsn } from '../base/sync-gate.js';
import { type PayloadFacts, applyPayload, loneValueCrc } from '../storage/apply.js';
import { nextChain } from '../storage/commands.js';
import type { SnapshotHeader } from '../storage/snapshot-header.js';
import { Table } from '../storage/table.js';
import type { PreparedRecord } from '../wal/record.js';
import { History } from './history.js';
import { Stages } from './stages.js';

export interface PreparedTransaction {
  readonly record: PreparedRecord;
  /** Number of the record in the log of this life; 0: read from the disk. */
  readonly lsn: Lsn;
  readonly payload: Buffer;
  readonly facts: PayloadFacts;
}

export class ParticipantState {
  table = new Table();
  epoch: Epoch = NO_EPOCH;
  view: View | null = null;
  resolved: Position = START_POSITION;
  /** Epoch number of the last committed transaction. */
  lastEpoch = 0;
  inDoubt: PreparedTransaction[] = [];
  aborted: { epoch: number; txid: TxId }[] = [];
  /** Of what is resolved. */
  lineage: Lineage = [];
  tailFrom: TxId = 0;
  fit = true;
  /** An operator has declared another store the truth since: it is to be refilled. */
  overridden = false;
  /** An install began and did not end: whatever is here counts as nothing. */
  installing = false;
  readonly stages = new Stages();
  readonly history: History;

  constructor(historyBytes: number) {
    this.history = new History(historyBytes);
  }

  /** Holds nothing that a cluster could miss. */
  get empty(): boolean {
    return this.installing || this.isUnused;
  }

  /** Holds nothing at all, not even the rest of a store that is being refilled. */
  get isUnused(): boolean {
    return this.resolved.txid === 0 && this.inDoubt.length === 0 && !this.view;
  }

  get lastPrepared(): TxId {
    return this.resolved.txid + this.inDoubt.length;
  }

  /** Once everything in doubt is committed, if it replaces nothing. */
  sizeAtMost(): { readonly bytes: number; readonly keys: number } {
    let { bytes, size: keys } = this.table;
    for (const { facts } of this.inDoubt) {
      bytes += facts.storedBytes;
      keys += facts.pairs;
    }
    return { bytes, keys };
  }

  prepare(transaction: PreparedTransaction): void {
    assert(transaction.record.txid === this.lastPrepared + 1, 'prepares are contiguous');
    this.inDoubt.push(transaction);
  }

  /** Applies the oldest transaction in doubt; returns one number a command. */
  commit(epoch: number, txid: TxId): readonly number[] {
    const head = this.inDoubt.shift();
    assert(head !== undefined, 'only what is prepared can be committed');
    assert(head.record.txid === txid && head.record.epoch === epoch, 'commits go in txid order');
    const { length, crc } = head.record;
    const valueCrc = loneValueCrc(head.payload, crc, head.facts);
    const results = applyPayload(this.table, head.payload, valueCrc);
    const chain = nextChain(this.resolved.chain, epoch, txid, length, crc);
    this.resolved = { txid, chain };
    this.lastEpoch = epoch;
    this.lineage = extended(this.lineage, epoch, txid);
    this.history.push({ epoch, txid, commit: true, length, crc, payload: head.payload, chain });
    this.stages.remove(head.record.stage);
    return results;
  }

  /** Uses up the next txid, whether or not it was prepared here. */
  abort(epoch: number, txid: TxId): void {
    assert(txid === this.resolved.txid + 1, 'aborts go in txid order');
    const head = this.inDoubt.shift();
    if (head !== undefined) this.stages.remove(head.record.stage);
    this.resolved = { txid, chain: this.resolved.chain };
    this.aborted.push({ epoch, txid });
    this.lineage = extended(this.lineage, epoch, txid);
    if (this.aborted.length > REMEMBERED_ABORTS) this.aborted.shift();
    const { chain } = this.resolved;
    this.history.push({ epoch, txid, commit: false, length: 0, crc: 0, payload: null, chain });
  }

  /** Forgets what is in doubt: a rejoiner takes payloads only from its donor. */
  voidInDoubt(): void {
    for (const { record } of this.inDoubt) this.stages.remove(record.stage);
    this.inDoubt = [];
  }

  /** Staged payloads of transactions that were not prepared: they will be sent anew, if at all. */
  dropUnpreparedStages(): void {
    this.stages.keepOnly(new Set(this.inDoubt.map(({ record }) => record.stage)));
  }

  /** Becomes exactly this snapshot. */
  restore(header: SnapshotHeader, table: Table): void {
    this.table = table;
    this.resolved = { txid: header.txid, chain: header.chain };
    this.lastEpoch = header.epoch;
    this.inDoubt = [];
    this.aborted = [...header.aborted];
    this.lineage = header.lineage;
    this.stages.clear();
    this.history.reset(this.resolved);
    this.installing = false;
    this.fit = true;
    this.tailFrom = 0;
  }
}
