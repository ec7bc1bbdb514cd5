/**
 * What the synced part of a log says by itself, read by the plainest code that can: the exploration
 * holds promises against this, not against what a machine believes.
 */
import type { PreparedRecord, WalRecord } from '../../src/wal/record.js';
import { decodeCommands } from '../../src/storage/commands.js';
import { SnapshotLoader } from '../../src/storage/snapshot.js';
import { type SavedDisk, canonicalRecords } from './model-disk.js';

export interface Durable {
  /** `epoch:txid` of transactions that are prepared, or were committed. */
  readonly prepared: ReadonlySet<string>;
  /** Bits of the requests that are prepared or applied. */
  readonly held: number;
  /** `epoch:txid=commit` or `=abort`. */
  readonly outcomes: ReadonlySet<string>;
  /** Every transaction up to here has ended, by a record that speaks of all of them. */
  readonly endedTo: number;
  /** Addresses of the members of the newest view. */
  readonly members: readonly string[];
}

const known = new Map<string, Durable>();

export function durableOf(saved: SavedDisk, count: number): Durable {
  const records = saved.records.slice(0, count);
  const text = canonicalRecords(records, saved.snapshot);
  let durable = known.get(text);
  if (durable === undefined) {
    durable = read(records, saved.snapshot);
    known.set(text, durable);
  }
  return durable;
}

function read(records: readonly WalRecord[], snapshot: SavedDisk['snapshot']): Durable {
  const applied = { bits: snapshot === null ? 0 : bitsOfSnapshot(snapshot) };
  let doubts: { readonly record: PreparedRecord; readonly bits: number }[] = [];
  const prepared = new Set<string>();
  const outcomes = new Set<string>();
  let members: readonly string[] = [];
  let endedTo = 0;
  for (const record of records) {
    if (record.kind === 'prepared') {
      doubts = doubts.filter((doubt) => doubt.record.txid < record.txid);
      doubts.push({ record, bits: bitsOf(record) });
    } else if (record.kind === 'void') {
      doubts = [];
    } else if (record.kind === 'commit' || record.kind === 'abort') {
      outcomes.add(`${record.epoch}:${record.txid}=${record.kind}`);
      const ended = doubts.find((doubt) => doubt.record.txid === record.txid);
      doubts = doubts.filter((doubt) => doubt !== ended);
      if (record.kind === 'commit' && ended !== undefined) {
        applied.bits |= ended.bits;
        prepared.add(`${record.epoch}:${record.txid}`);
      }
    } else if (record.kind === 'state') {
      endedTo = record.lastTxid;
      for (const { epoch, txid, commit } of record.recent) {
        outcomes.add(`${epoch}:${txid}=${commit ? 'commit' : 'abort'}`);
      }
    } else if (record.kind === 'view') {
      members = record.view.members.map((member) => member.address);
    }
  }
  for (const { record } of doubts) prepared.add(`${record.epoch}:${record.txid}`);
  const held = doubts.reduce((bits, doubt) => bits | doubt.bits, applied.bits);
  return { prepared, held, outcomes, endedTo, members };
}

function bitsOf(record: PreparedRecord): number {
  const keys = decodeCommands(record.payload).flatMap((command) =>
    command.op === 'set' ? command.pairs.map(([key]) => key) : [],
  );
  return keys.reduce((bits, key) => bits | bitOfKey(key), 0);
}

function bitOfKey(key: string): number {
  return key.startsWith('k') ? 1 << Number(key.slice(1)) : 0;
}

function bitsOfSnapshot(frames: readonly Buffer[]): number {
  const loader = new SnapshotLoader();
  for (const frame of frames) loader.feed(frame);
  const { table } = loader.finish();
  return [0, 1, 2, 3].reduce((bits, index) => bits | (table.has(`k${index}`) ? 1 << index : 0), 0);
}
