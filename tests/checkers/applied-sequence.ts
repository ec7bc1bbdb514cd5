/**
 * The transactions that a participant resolved, read from the records of its log.
 *
 * Follows the rule by which a participant recovers (`src/participant/recovery.ts`) and shares no
 * code with it: a transaction is applied by the COMMIT of the oldest one in doubt, an ABORT uses
 * the next number up, what a checkpoint wrote again changes nothing, a VOID forgets what is in
 * doubt, a new epoch what is staged and not prepared. Whatever that rule calls impossible is an
 * error here too.
 */
import { crc32, shortHash } from '../../src/base/hash.js';
import type { WriteCommand } from '../../src/base/store-request.js';
import { decodeCommands } from '../../src/storage/commands.js';
import type {
  OutcomeRecord,
  PieceRecord,
  PreparedRecord,
  WalRecord,
} from '../../src/wal/record.js';
import {
  nameOfDel,
  nameOfSet,
  type ParticipantSequence,
  type ResolvedTransaction,
} from './replica-order.js';

/** The records cannot have been written by a participant that keeps to the protocol. */
export class ContradictoryLogError extends Error {
  override readonly name = 'ContradictoryLogError';
  readonly code = 'contradictory-log';
}

export interface ParticipantLog {
  readonly participant: string;
  /** Transaction of the snapshot that the records follow; 0 if there is none. */
  readonly snapshotTxid: number;
  readonly records: Iterable<WalRecord>;
}

/** Outcomes that a coordinator's log holds, by transaction. */
export type Outcomes = ReadonlyMap<string, 'commit' | 'abort'>;

export function outcomesOf(records: Iterable<WalRecord>): Outcomes {
  const outcomes = new Map<string, 'commit' | 'abort'>();
  for (const record of records) {
    if (record.kind === 'commit' || record.kind === 'abort') {
      outcomes.set(identity(record), record.kind);
    } else if (record.kind === 'state') {
      for (const each of record.recent) {
        outcomes.set(identity(each), each.commit ? 'commit' : 'abort');
      }
    }
  }
  return outcomes;
}

/**
 * What is still in doubt behind the last record counts as resolved as far as `outcomes` tells: an
 * acknowledged write is durable as PREPARED at the participant and as COMMIT at the coordinator.
 */
export function appliedSequence(log: ParticipantLog, outcomes?: Outcomes): ParticipantSequence {
  const replay = new Replay(log.snapshotTxid);
  for (const record of log.records) replay.feed(record);
  replay.finish(outcomes ?? new Map());
  const { startsAfter, resolved: transactions } = replay;
  return { participant: log.participant, startsAfter, transactions };
}

function identity({ epoch, txid }: { readonly epoch: number; readonly txid: number }): string {
  return `${epoch}:${txid}`;
}

interface InDoubt {
  readonly record: PreparedRecord;
  readonly payload: Buffer;
}

class Replay {
  readonly resolved: ResolvedTransaction[] = [];
  private isVoid = false;
  private epoch = 0;
  private inDoubt: InDoubt[] = [];
  private readonly stages = new Map<string, { readonly total: number; bytes: Buffer[] }>();

  constructor(private readonly snapshotTxid: number) {}

  /** An install that began and did not end leaves nothing. */
  get startsAfter(): number {
    return this.isVoid ? 0 : this.snapshotTxid;
  }

  private get lastTxid(): number {
    return this.resolved.at(-1)?.txid ?? this.snapshotTxid;
  }

  feed(record: WalRecord): void {
    switch (record.kind) {
      case 'prepared':
        this.prepared(record);
        return;
      case 'commit':
      case 'abort':
        this.outcome(record);
        return;
      case 'piece':
        this.piece(record);
        return;
      case 'epoch':
        if (record.epoch.number > this.epoch) this.forgetUnprepared();
        this.epoch = Math.max(this.epoch, record.epoch.number);
        return;
      case 'void':
        for (const { record: held } of this.inDoubt) this.stages.delete(held.stage);
        this.inDoubt = [];
        return;
      case 'reset':
        this.isVoid ||= record.txid !== this.lastTxid;
        return;
      case 'view':
      case 'tail':
      case 'sound':
        return;
      case 'commitDone':
      case 'abortDone':
      case 'state':
        throw new ContradictoryLogError(`a ${record.kind} record in a participant's log`);
    }
  }

  finish(outcomes: Outcomes): void {
    for (;;) {
      const head = this.inDoubt[0];
      const outcome = head && outcomes.get(identity(head.record));
      if (head === undefined || outcome === undefined) break;
      const { epoch, txid } = head.record;
      this.outcome({ kind: outcome, epoch, txid });
    }
    if (this.isVoid) this.resolved.length = 0;
  }

  private piece({ stage: name, total, offset, bytes }: PieceRecord): void {
    if (total === 0) {
      this.stages.delete(name);
      return;
    }
    const stage = this.stages.get(name) ?? { total, bytes: [] };
    this.stages.set(name, stage);
    const have = stage.bytes.reduce((sum, { length }) => sum + length, 0);
    if (offset === have && have + bytes.length <= stage.total) stage.bytes.push(bytes);
  }

  private forgetUnprepared(): void {
    const prepared = new Set(this.inDoubt.map(({ record }) => record.stage));
    for (const name of this.stages.keys()) if (!prepared.has(name)) this.stages.delete(name);
  }

  private prepared(record: PreparedRecord): void {
    const place = record.txid - this.lastTxid - 1;
    if (place < 0) return;
    const held = this.inDoubt[place];
    if (held?.record.epoch === record.epoch) return;
    if (held !== undefined) this.inDoubt.length = place;
    if (place !== this.inDoubt.length) {
      const expected = this.lastTxid + this.inDoubt.length + 1;
      throw new ContradictoryLogError(`PREPARED ${record.txid} where ${expected} was next`);
    }
    this.inDoubt.push({ record, payload: this.payloadOf(record) });
  }

  private payloadOf(record: PreparedRecord): Buffer {
    const staged = this.stages.get(record.stage)?.bytes ?? [];
    const payload = record.stage === '' ? record.payload : Buffer.concat(staged);
    if (payload.length !== record.length || crc32(payload) !== record.crc) {
      throw new ContradictoryLogError(`the payload of ${record.txid} is not what was prepared`);
    }
    return payload;
  }

  private outcome({ kind, epoch, txid }: OutcomeRecord): void {
    if (txid <= this.lastTxid) return;
    if (txid !== this.lastTxid + 1) {
      throw new ContradictoryLogError(`outcome of ${txid} where ${this.lastTxid + 1} was next`);
    }
    const head = this.inDoubt.shift();
    if (head !== undefined) this.stages.delete(head.record.stage);
    if (kind === 'abort') {
      this.resolved.push({ epoch, txid, outcome: kind, payloadHash: '', commands: [] });
      return;
    }
    if (head?.record.epoch !== epoch) {
      throw new ContradictoryLogError(`COMMIT of ${identity({ epoch, txid })}, not prepared`);
    }
    const commands = decodeCommands(head.payload).map(nameOf);
    const payloadHash = shortHash(head.payload);
    this.resolved.push({ epoch, txid, outcome: kind, payloadHash, commands });
  }
}

function nameOf(command: WriteCommand): string {
  if (command.op === 'del') return nameOfDel(command.keys);
  return nameOfSet(command.pairs.map(([key, value]) => [key, value.toString()] as const));
}
