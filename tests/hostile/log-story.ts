/**
 * The life of a data folder, written by the real log: transactions, epochs, views, staged payloads,
 * checkpoints, an install, restarts. After every flush it is noted what a restart finds then, and
 * where that flush begins in its file, so that a damaged folder can be judged: what it still proves
 * it must tell.
 */
import { expect } from 'chai';
import { crc32 } from '../../src/base/hash.js';
import type { Prng } from '../../src/base/prng.js';
import { CoordinatorRecovery } from '../../src/coordinator/recovery.js';
import { snapshotHeader } from '../../src/participant/checkpoint.js';
import { ParticipantRecovery } from '../../src/participant/recovery.js';
import { encodeCommands } from '../../src/storage/commands.js';
import { SnapshotLoader, snapshotFrames } from '../../src/storage/snapshot.js';
import { ContradictionError, FolderError, RotError } from '../../src/wal/errors.js';
import { type FolderOptions, type ReplayOutcome, openFolder } from '../../src/wal/folder.js';
import { SEGMENT_HEADER_BYTES } from '../../src/wal/format.js';
import type { Log } from '../../src/wal/log.js';
import { RESERVE_FILE } from '../../src/wal/names.js';
import type { FolderIdentity, WalRecord } from '../../src/wal/record.js';
import { InstallWriter, writeCheckpoint } from '../../src/wal/snapshot-file.js';
import { MemoryDisk } from '../helpers/memory-disk.js';
import { epoch, prepared, view } from '../unit/wal/records.js';

export type Files = Map<string, Buffer>;
export type Role = FolderIdentity['role'];

/** What a restart finds. */
export interface Found {
  /** Everything but epoch and view, which are kept in a second place too. */
  readonly state: string;
  /** What is left of it under a new epoch: staged pieces are void unless they are prepared. */
  readonly kept: string;
  readonly epoch: number;
  readonly view: number;
  /** Participants: a position, and the content that it stands for. */
  readonly claim: string;
  readonly outcome: ReplayOutcome;
}

/** The beginning of a flush in its file: as long as it is there, older flushes were synced. */
export interface FlushHead {
  readonly file: string;
  readonly offset: number;
  readonly bytes: Buffer;
  /** Index among the story's points. */
  readonly point: number;
}

export interface Story {
  readonly role: Role;
  readonly points: readonly Found[];
  readonly heads: readonly FlushHead[];
  /** The folder at each point. */
  readonly folders: readonly Files[];
}

const HEAD_BYTES = 32;

export function optionsOf(role: Role, storeId: string): FolderOptions {
  const newStoreId = (): string => storeId;
  return { role, newStoreId, origin: 'here', segmentBytes: 6000, segmentRecords: 14 };
}

/** The ways in which a start is refused with a name; anything else is a fault of ours. */
export function isNamed(error: unknown): boolean {
  return [RotError, FolderError, ContradictionError].some((kind) => error instanceof kind);
}

export function diskOf(files: Files): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [name, bytes] of files) disk.plant(name, bytes);
  return disk;
}

/** Opens and replays as a start of this role does, without changing a sound folder. */
export async function recover(role: Role, disk: MemoryDisk): Promise<Found> {
  return role === 'participant' ? recoverParticipant(disk) : recoverCoordinator(disk);
}

async function recoverParticipant(disk: MemoryDisk): Promise<Found> {
  const opened = await openFolder(disk, optionsOf('participant', 'unused'));
  const recovery = new ParticipantRecovery(100_000);
  const outcome = await opened.replay({
    onSnapshot: (header, table) => recovery.snapshot(header, table),
    onRecord: (record) => recovery.feed(record),
  });
  recovery.hintEpoch(opened.epochHint);
  recovery.hintView(opened.viewHint);
  recovery.finish(outcome.tail?.nonZero === true);
  return { ...foundIn(recovery), outcome };
}

function foundIn(recovery: ParticipantRecovery): Omit<Found, 'outcome'> {
  const { resolved, table, inDoubt, stages, epoch: promised, view: known } = recovery.state;
  const doubts = inDoubt.map(({ record }) => `${record.epoch}:${record.txid}:${record.crc}`);
  const staged = [...stages.all()];
  const named = new Set(inDoubt.map(({ record }) => record.stage));
  const used = staged.filter(({ name }) => named.has(name));
  const claim = `${resolved.txid} ${resolved.chain} ${table.digest()}`;
  const [state = '', kept = ''] = [staged, used].map((some) => {
    const held = some.map(({ name, have, crc }) => `${name}:${have}:${crc}`);
    return JSON.stringify([claim, doubts, held]);
  });
  return { state, kept, claim, epoch: promised.number, view: known?.number ?? 0 };
}

async function recoverCoordinator(disk: MemoryDisk): Promise<Found> {
  const opened = await openFolder(disk, optionsOf('coordinator', 'unused'));
  const recovery = new CoordinatorRecovery();
  const outcome = await opened.replay({
    onSnapshot: () => expect.fail('a coordinator has no snapshots'),
    onRecord: (record) => recovery.feed(record),
  });
  recovery.hintEpoch(opened.epochHint);
  recovery.hintView(opened.viewHint);
  const { epochs, view: known, outcomes } = recovery.finish();
  const { decidedTxid, settledTxid } = outcomes;
  const state = JSON.stringify([decidedTxid, settledTxid, outcomes.recent()]);
  const numbers = { epoch: epochs.at(-1)?.number ?? 0, view: known?.number ?? 0 };
  return { state, kept: state, claim: '', ...numbers, outcome };
}

/** What both roles' stories share: a log, and notes of every flush. */
class Notes {
  readonly disk = new MemoryDisk();
  readonly points: Found[] = [];
  readonly heads: FlushHead[] = [];
  readonly folders: Files[] = [];
  private current: Log | null = null;

  constructor(
    readonly role: Role,
    private readonly storeId: string,
  ) {}

  get log(): Log {
    if (this.current === null) throw new Error('the log is not open');
    return this.current;
  }

  async open(): Promise<void> {
    const opened = await openFolder(this.disk, optionsOf(this.role, this.storeId));
    await opened.replay({ onSnapshot: () => undefined, onRecord: () => undefined });
    this.current = await opened.start();
  }

  async restart(): Promise<void> {
    await this.log.close();
    await this.open();
    await this.note();
  }

  async flush(...records: readonly WalRecord[]): Promise<void> {
    for (const record of records) this.log.append(record);
    await this.log.flush();
    await this.note();
  }

  async note(): Promise<void> {
    const before = this.folders.at(-1) ?? new Map<string, Buffer>();
    const files = this.disk.contents();
    files.delete(RESERVE_FILE);
    for (const [file, bytes] of files) {
      const offset = before.get(file)?.length ?? SEGMENT_HEADER_BYTES;
      if (!file.endsWith('.log') || bytes.length <= offset) continue;
      const head = bytes.subarray(offset, offset + HEAD_BYTES);
      this.heads.push({ file, offset, bytes: head, point: this.points.length });
    }
    this.folders.push(files);
    this.points.push(await recover(this.role, diskOf(files)));
  }

  finish(): Story {
    const { role, points, heads, folders } = this;
    return { role, points, heads, folders };
  }
}

function payload(prng: Prng, txid: number): Buffer {
  const size = prng.chance(0.2) ? 1500 : 20;
  const value = Buffer.alloc(prng.below(size), `${txid}`);
  const key = `key${prng.below(9)}`;
  return encodeCommands([
    prng.chance(0.8) ? { op: 'set', pairs: [[key, value]] } : { op: 'del', keys: [key] },
  ]);
}

/** A participant; the model beside it says what the next record may be. */
class ParticipantLife {
  private model = new ParticipantRecovery(100_000);
  private epochs = 0;

  constructor(
    private readonly notes: Notes,
    private readonly prng: Prng,
  ) {}

  async live(steps: number): Promise<void> {
    await this.notes.open();
    await this.promise();
    await this.write(view(1));
    for (let step = 0; step < steps; step += 1) await this.step();
  }

  private async step(): Promise<void> {
    const lot = this.prng.below(20);
    if (lot === 0) await this.promise();
    else if (lot === 1) await this.write(view((this.model.state.view?.number ?? 0) + 1));
    else if (lot === 2) await this.stage();
    else if (lot === 3) await this.notes.restart();
    else if (lot === 4) await this.checkpoint();
    else if (lot === 5 && this.prng.chance(0.3)) await this.install();
    else if (lot < 13) await this.prepare();
    else await this.decide();
  }

  private async write(...records: readonly WalRecord[]): Promise<void> {
    for (const record of records) this.model.feed(record);
    await this.notes.flush(...records);
  }

  private async promise(): Promise<void> {
    this.epochs += 1;
    await this.write(epoch(this.epochs));
  }

  private async prepare(): Promise<void> {
    const { state } = this.model;
    const records: WalRecord[] = [];
    for (let i = this.prng.below(3); i >= 0 && state.inDoubt.length < 3; i -= 1) {
      const txid = state.lastPrepared + 1;
      const record = prepared(txid, payload(this.prng, txid));
      this.model.feed(record);
      records.push(record);
    }
    if (records.length > 0) await this.notes.flush(...records);
  }

  private async decide(): Promise<void> {
    const [head] = this.model.state.inDoubt;
    if (head === undefined) return;
    const { epoch: of, txid } = head.record;
    const kind = this.prng.chance(0.85) ? 'commit' : 'abort';
    await this.write({ kind, epoch: of, txid });
  }

  private async stage(): Promise<void> {
    const txid = this.model.state.lastPrepared + 1;
    const bytes = payload(this.prng, txid);
    const name = `s-${txid}-${this.notes.points.length}`;
    const half = Math.floor(bytes.length / 2);
    const total = bytes.length;
    const piece = { kind: 'piece', stage: name, total } as const;
    await this.write({ ...piece, offset: 0, bytes: bytes.subarray(0, half) });
    await this.write({ ...piece, offset: half, bytes: bytes.subarray(half) });
    const record = { ...prepared(txid, Buffer.alloc(0)), stage: name };
    await this.write({ ...record, length: total, crc: crc32(bytes) });
  }

  private preamble(): WalRecord[] {
    const { state } = this.model;
    const records: WalRecord[] = [{ kind: 'epoch', epoch: state.epoch }];
    if (state.view !== null) records.push({ kind: 'view', view: state.view });
    for (const { name, payload: bytes, have } of state.stages.all()) {
      const whole = Buffer.from(bytes.subarray(0, have));
      records.push({ kind: 'piece', stage: name, offset: 0, total: bytes.length, bytes: whole });
    }
    return [...records, ...state.inDoubt.map(({ record }) => record)];
  }

  private frames(): Buffer[] {
    const { state } = this.model;
    const snapshot = state.table.beginSnapshot();
    const frames = [...snapshotFrames(snapshot, snapshotHeader(state))];
    snapshot.close();
    return frames;
  }

  private async checkpoint(): Promise<void> {
    const { log } = this.notes;
    const written = writeCheckpoint(log, this.preamble(), this.frames()[Symbol.iterator]());
    await log.flush();
    await written;
    await this.notes.note();
  }

  /** Somebody else's snapshot, further than ours. */
  private async install(): Promise<void> {
    const { log } = this.notes;
    const donor = new ParticipantLife(this.notes, this.prng);
    donor.model.snapshot(snapshotHeader(this.model.state), tableOf(this.frames()));
    donor.model.hintEpoch(this.model.state.epoch);
    donor.model.hintView(this.model.state.view);
    for (let i = 0; i < 5; i += 1) {
      const txid = donor.model.state.lastPrepared + 1;
      donor.model.feed(prepared(txid, payload(this.prng, txid)));
      donor.model.feed({ kind: 'commit', epoch: 3, txid });
    }
    this.model = donor.model;
    const { txid, chain } = this.model.state.resolved;
    const writer = await InstallWriter.begin(log);
    await writer.append(this.frames());
    const finished = writer.finish([{ kind: 'reset', txid, epoch: 3, chain }, ...this.preamble()]);
    await log.flush();
    await finished;
    await this.notes.note();
  }
}

function tableOf(frames: readonly Buffer[]) {
  const loader = new SnapshotLoader();
  for (const frame of frames) loader.feed(frame);
  return loader.finish().table;
}

export async function participantStory(prng: Prng, storeId: string): Promise<Story> {
  const notes = new Notes('participant', storeId);
  await new ParticipantLife(notes, prng).live(30 + prng.below(60));
  return notes.finish();
}

export async function coordinatorStory(prng: Prng, storeId: string): Promise<Story> {
  const notes = new Notes('coordinator', storeId);
  await notes.open();
  await notes.flush(epoch(1));
  await notes.flush(view(1));
  const recent: { epoch: number; txid: number; commit: boolean }[] = [];
  const numbers = { epoch: 1, view: 1, settled: 0 };
  const decide = (): WalRecord => {
    const decision = { epoch: 1, txid: recent.length + 1, commit: prng.chance(0.8) };
    recent.push(decision);
    const { commit, ...rest } = decision;
    return { kind: commit ? 'commit' : 'abort', ...rest };
  };
  for (let step = 30 + prng.below(60); step > 0; step -= 1) {
    const lot = prng.below(16);
    const last = recent.length;
    if (lot === 0) await notes.flush(epoch((numbers.epoch += 1)));
    else if (lot === 1) await notes.flush(view((numbers.view += 1)));
    else if (lot === 2) await notes.restart();
    else if (lot === 3) await notes.flush({ kind: 'commitDone', epoch: 1, txid: last });
    else if (lot === 4) await beginAnew(notes, numbers, recent);
    else await notes.flush(...Array.from({ length: 1 + prng.below(3) }, decide));
  }
  return notes.finish();
}

async function beginAnew(
  notes: Notes,
  numbers: { readonly epoch: number; readonly view: number },
  recent: readonly { epoch: number; txid: number; commit: boolean }[],
): Promise<void> {
  const shown = view(numbers.view);
  const state: WalRecord = {
    kind: 'state',
    lastTxid: recent.length,
    settledTxid: 0,
    view: shown.kind === 'view' ? shown.view : null,
    epochs: [{ number: numbers.epoch, nonce: `nonce${numbers.epoch}` }],
    recent,
    lineage: [],
  };
  const rolled = notes.log.roll([state]);
  await notes.log.flush();
  await notes.log.removeBefore(await rolled);
  await notes.note();
}
