/**
 * A data folder for people and scripts: every record of its log as a line of a table or as JSON.
 *
 * Reads only, repairs nothing, and goes on behind damage with the next file, saying where the
 * damage is. Shows what was promised, never clients' keys or values.
 */
import { unreachable } from '../base/assert.js';
import { formatTxid, type View } from '../base/ids.js';
import { type Disk, DiskError } from '../ports/disk.js';
import { CommandFormatError, decodeCommands } from '../storage/commands.js';
import { SnapshotError, SnapshotLoader, frameLength } from '../storage/snapshot.js';
import { encodeBody, encodedBytes } from './codec.js';
import { FolderError } from './errors.js';
import { LENGTH_MODULUS, SEGMENT_HEADER_BYTES, SNAPSHOT_OWNER_BYTES } from './format.js';
import { type Meta, MetaFile } from './meta-file.js';
import { segmentName, snapshotName, sortNames } from './names.js';
import { chunksOf } from './read-ahead.js';
import { SegmentReader, type TailVerdict } from './reader.js';
import type { PreparedRecord, WalRecord } from './record.js';
import { type SegmentHeader, decodeSegmentHeader } from './segment-header.js';
import { ownerOf } from './snapshot-owner.js';

export interface DumpOptions {
  readonly json: boolean;
}

type Line = Readonly<Record<string, string | number | boolean | null>>;

const READ_BYTES = 512 * 1024;
const FIRST_FRAME_BYTES = 1024 * 1024;

/** Lines without line ends. Damage is one of the lines, never an exception. */
export async function* dumpFolder(disk: Disk, options: DumpOptions): AsyncGenerator<string> {
  const print = options.json ? JSON.stringify : tableRow;
  if (!options.json) yield tableRow(COLUMNS);
  const { segments, snapshots } = sortNames(await disk.list());
  const meta = await loadMeta(disk);
  yield print(metaLine(meta));
  for (const snapshot of snapshots) yield print(await snapshotLine(disk, snapshot));
  const storeId = typeof meta === 'string' ? null : meta.identity.storeId;
  for (const segment of segments) {
    for await (const line of segmentLines(disk, segment, storeId)) yield print(line);
  }
}

const COLUMNS: Line = { file: 'file', at: 'at', bytes: 'bytes', kind: 'kind', txid: 'epoch:txid' };

function tableRow(line: Line): string {
  const { file, at, bytes, kind, epoch, txid, ...rest } = line;
  const name = typeof epoch === 'number' ? `${epoch}:${txid ?? ''}` : (txid ?? '');
  const details = Object.entries(rest).map(([key, value]) => `${key}=${value ?? 'none'}`);
  const columns = [
    String(file).padEnd(17),
    String(at ?? '').padStart(10),
    String(bytes ?? '').padStart(10),
    String(kind).padEnd(10),
    String(name).padEnd(12),
    details.join(' '),
  ];
  return columns.join('  ').trimEnd();
}

async function loadMeta(disk: Disk): Promise<Meta | string> {
  try {
    return (await MetaFile.load(disk, false))?.current ?? 'missing or unusable';
  } catch (error) {
    if (error instanceof FolderError || error instanceof DiskError) return error.message;
    throw error;
  }
}

function metaLine(meta: Meta | string): Line {
  if (typeof meta === 'string') return { file: 'meta', kind: 'damage', reason: meta };
  const { identity, epoch, view } = meta;
  const { role, storeId, clusterId, generation } = identity;
  const who = { role, storeId, clusterId: clusterId === '' ? null : clusterId, generation };
  const newest = { newestEpoch: epoch?.number ?? null, newestView: view?.number ?? null };
  return { file: 'meta', kind: 'identity', ...who, ...newest };
}

async function snapshotLine(disk: Disk, snapshot: number): Promise<Line> {
  const file = snapshotName(snapshot);
  const bytes = await disk.size(file);
  try {
    const start = await disk.read(file, 0, FIRST_FRAME_BYTES);
    const storeId = ownerOf(start);
    const frames = start.subarray(storeId === null ? 0 : SNAPSHOT_OWNER_BYTES);
    const loader = new SnapshotLoader();
    loader.feed(frames.subarray(0, frameLength(frames) ?? 0));
    const { epoch, txid, chain, digest, keys } = loader.header;
    return { file, at: 0, bytes, kind: 'snapshot', epoch, txid, keys, digest, chain, storeId };
  } catch (error) {
    if (!(error instanceof SnapshotError || error instanceof DiskError)) throw error;
    return { file, at: 0, bytes, kind: 'damage', reason: error.message };
  }
}

async function* segmentLines(
  disk: Disk,
  segment: number,
  metaStoreId: string | null,
): AsyncGenerator<Line> {
  const file = segmentName(segment);
  const start = await disk.read(file, 0, SEGMENT_HEADER_BYTES);
  const decoded = decodeSegmentHeader(start);
  if (decoded.verdict === 'sound') {
    const { role, storeId, clusterId, generation } = decoded.header;
    const who = { role, storeId, clusterId: clusterId === '' ? null : clusterId, generation };
    yield { file, at: 0, bytes: SEGMENT_HEADER_BYTES, kind: 'header', ...who };
    const before = await lengthLine(disk, decoded.header);
    if (before !== null) yield before;
  }
  // Records can be checked without a sound header as long as it is known whose they are.
  const ownStoreId = decoded.verdict === 'sound' ? decoded.header.storeId : null;
  const storeId = metaStoreId ?? ownStoreId ?? '';
  let lines: Line[] = [];
  const reader = new SegmentReader({ storeId, segment }, (record, at) => {
    const bytes = encodedBytes(encodeBody(record));
    lines.push({ file, at, bytes, kind: record.kind, ...detailsOf(record) });
  });
  for await (const chunk of chunksOf(disk, file, 0, READ_BYTES)) {
    reader.feed(chunk);
    yield* lines;
    lines = [];
    if (reader.newer > 0) {
      yield { file, at: 0, kind: 'damage', reason: `format ${reader.newer} of a later release` };
      return;
    }
  }
  const verdict = tailLine(file, reader.finish());
  if (verdict !== null) yield verdict;
}

/** Damage of the segment before that its own bytes do not show. */
async function lengthLine(disk: Disk, header: SegmentHeader): Promise<Line | null> {
  const { segment, previousBytes } = header;
  if (previousBytes === 0 || segment < 2) return null;
  const file = segmentName(segment - 1);
  if (!(await disk.list()).includes(file)) return null;
  const at = await disk.size(file);
  if (at % LENGTH_MODULUS === previousBytes) return null;
  const reason = `it had ${previousBytes} bytes when ${segmentName(segment)} was begun`;
  return { file, at, kind: 'damage', reason };
}

function tailLine(file: string, verdict: TailVerdict): Line | null {
  switch (verdict.tail) {
    case 'clean':
      return null;
    case 'zeros':
      return { file, at: verdict.offset, kind: 'end', reason: 'zeros that nobody wrote' };
    case 'torn': {
      const reason = verdict.nonZero ? 'a write that was cut off' : 'empty';
      return { file, at: verdict.offset, kind: 'torn', reason };
    }
    case 'rot':
      return { file, at: verdict.offset, kind: 'damage', reason: verdict.reason };
    default:
      return unreachable(verdict);
  }
}

function detailsOf(record: WalRecord): Line {
  switch (record.kind) {
    case 'prepared':
      return preparedDetails(record);
    case 'piece': {
      const { stage, offset, total, bytes } = record;
      return { stage, offset, pieceBytes: bytes.length, total };
    }
    case 'commit':
    case 'abort':
    case 'commitDone':
    case 'abortDone':
      return { epoch: record.epoch, txid: record.txid };
    case 'view':
      return viewDetails(record.view);
    case 'epoch': {
      const { epoch, withoutLog } = record;
      const mark = withoutLog === true ? { withoutLog } : {};
      return { epoch: epoch.number, nonce: epoch.nonce, ...mark };
    }
    case 'reset':
      return { epoch: record.epoch, txid: record.txid, chain: record.chain };
    case 'void':
    case 'tail':
    case 'sound':
      return { txid: record.txid };
    case 'state': {
      const { lastTxid, settledTxid, view, epochs, recent } = record;
      const lists = { epochs: epochs.length, recent: recent.length };
      const newest = epochs.at(-1)?.number ?? 0;
      const last = { last: formatTxid(newest, lastTxid), settledTxid };
      return { ...last, view: view?.number ?? null, ...lists };
    }
    default:
      return unreachable(record);
  }
}

function preparedDetails(record: PreparedRecord): Line {
  const { epoch, txid, view, length, crc, stage } = record;
  const details = { epoch, txid, view, length, crc: crc.toString(16).padStart(8, '0') };
  if (stage !== '') return { ...details, stage };
  try {
    const commands = decodeCommands(record.payload);
    const sets = commands.filter((command) => command.op === 'set').length;
    return { ...details, sets, dels: commands.length - sets };
  } catch (error) {
    if (!(error instanceof CommandFormatError)) throw error;
    return { ...details, reason: `no commands: ${error.message}` };
  }
}

function viewDetails(view: View): Line {
  const members = view.members.map(({ address, storeId }) => `${address}/${storeId}`).join(',');
  return { view: view.number, epoch: view.epoch.number, firstTxid: view.firstTxid, members };
}
