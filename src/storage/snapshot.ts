/**
 * A table as a stream of frames: the content of a snapshot file, and what flows from a donor to a
 * joiner. Pure.
 *
 * Frame: CRC-32 of all that follows u32 | body length u32 | number in the stream u32 | kind u8 |
 * body. The CRC of the first frame starts from 0, that of every other from the first frame's, so
 * frames of two snapshots never pass for one stream. The stream is a header, entries and large
 * values in any order, and an end that repeats count and digest. Numbers are big-endian.
 * Invariant: `finish` returns only if every pair arrived and the table's own digest agrees.
 */
import { assert } from '../base/assert.js';
import { crc32 } from '../base/hash.js';
import { MAX_STORED_VALUE_BYTES } from '../base/limits.js';
import { WordSource } from '../base/word-source.js';
import { WordTarget } from '../base/word-target.js';
import type { Entries } from './entries.js';
import { type SnapshotHeader, parseSnapshotHeader } from './snapshot-header.js';
import type { Pair } from './kept.js';
import type { SnapshotSum } from './snapshot-sum.js';
import { Table } from './table.js';
import type { TableSnapshot } from './table-snapshot.js';

export const FRAME_HEAD_BYTES = 13;

/** Entry frames are closed at this size; values above it travel in slices of it. */
export const FRAME_TARGET_BYTES = 256 * 1024;

/** A frame holds at most one entry beyond its target, whose key may be long. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

const AT = { crc: 0, length: 4, sequence: 8, kind: 12 } as const;
const KIND = { header: 1, entries: 2, large: 3, slice: 4, end: 5 } as const;

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly code = 'bad-snapshot';
}

/**
 * The frames of this snapshot, made as they are asked for. The caller closes the snapshot. If there
 * is a sum, it is compared before the end is told, and throws if it does not agree.
 */
export function* snapshotFrames(
  snapshot: TableSnapshot,
  header: SnapshotHeader,
  sum: SnapshotSum | null = null,
): Generator<Buffer, void> {
  const writer = new FrameWriter();
  yield writer.frame(KIND.header, [Buffer.from(JSON.stringify(header))]);
  let packer = new EntryPacker();
  for (let shard = snapshot.next(); shard !== null; shard = snapshot.next()) {
    const { entries } = shard;
    for (const place of shard.places()) {
      const bytes = entries.keyLength(place) + entries.valueLength(place);
      if (!packer.hasRoom(bytes)) {
        yield writer.seal(KIND.entries, packer.frame);
        packer = new EntryPacker();
      }
      // An entry that was damaged meanwhile is left out, so that the end will not be told.
      if (!entries.isWithinPage(place)) continue;
      packer.addEntry(entries, place);
      sum?.addEntry(entries, place);
    }
    for (const pair of shard.keptPairs()) {
      const [key, value] = pair;
      if (value.length > FRAME_TARGET_BYTES) {
        yield* largeFrames(writer, pair, sum);
        continue;
      }
      if (!packer.hasRoom(key.length + value.length)) {
        yield writer.seal(KIND.entries, packer.frame);
        packer = new EntryPacker(key.length + value.length);
      }
      packer.addPair(pair);
      sum?.addPair(key, crc32(value), value.length);
    }
  }
  sum?.compare(snapshot);
  if (packer.frame.length > FRAME_HEAD_BYTES) yield writer.seal(KIND.entries, packer.frame);
  yield writer.frame(KIND.end, [endBody(header)]);
}

function* largeFrames(
  writer: FrameWriter,
  [key, value]: Pair,
  sum: SnapshotSum | null,
): Generator<Buffer, void> {
  const total = Buffer.allocUnsafe(4);
  total.writeUInt32BE(value.length);
  yield writer.frame(KIND.large, [total, Buffer.from(key, 'latin1')]);
  let crc = 0;
  for (let at = 0; at < value.length; at += FRAME_TARGET_BYTES) {
    const slice = value.subarray(at, at + FRAME_TARGET_BYTES);
    crc = crc32(slice, crc);
    yield writer.frame(KIND.slice, [slice]);
  }
  sum?.addPair(key, crc, value.length);
}

/** Two lengths of four bytes each stand before key and value. */
const ENTRY_HEAD_BYTES = 8;

/** Collects entries where they will be sent from: behind the room for a frame's head. */
class EntryPacker {
  private readonly buffer: Buffer;
  private readonly target: WordTarget;
  private at = FRAME_HEAD_BYTES;

  /** With room for an entry of so many bytes at least. */
  constructor(least = 0) {
    const bytes = Math.max(ENTRY_HEAD_BYTES + least, FRAME_TARGET_BYTES);
    this.buffer = Buffer.allocUnsafeSlow(FRAME_HEAD_BYTES + bytes);
    this.target = new WordTarget(this.buffer);
  }

  hasRoom(bytes: number): boolean {
    return ENTRY_HEAD_BYTES + bytes <= this.buffer.length - this.at;
  }

  addEntry(entries: Entries, place: number): void {
    const [keyLength, length] = [entries.keyLength(place), entries.valueLength(place)];
    this.addHead(keyLength, length);
    entries.copyTo(place, this.target, this.at);
    this.at += keyLength + length;
  }

  /** A pair that is no entry. */
  addPair([key, value]: Pair): void {
    this.addHead(key.length, value.length);
    this.at += this.buffer.write(key, this.at, 'latin1');
    this.at += value.copy(this.buffer, this.at);
  }

  get frame(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  private addHead(keyLength: number, length: number): void {
    this.target.u32(keyLength, this.at);
    this.target.u32(length, this.at + 4);
    this.at += ENTRY_HEAD_BYTES;
  }
}

function endBody(header: SnapshotHeader): Buffer {
  return Buffer.from(JSON.stringify({ keys: header.keys, digest: header.digest }));
}

class FrameWriter {
  private sequence = 0;
  private seed = 0;

  frame(kind: number, parts: readonly Buffer[]): Buffer {
    return this.seal(kind, Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), ...parts]));
  }

  /** Fills in the head of a frame whose body is in place. */
  seal(kind: number, frame: Buffer): Buffer {
    const length = frame.length - FRAME_HEAD_BYTES;
    assert(length <= MAX_FRAME_BYTES, 'a frame is within its limit');
    frame.writeUInt32BE(length, AT.length);
    frame.writeUInt32BE(this.sequence, AT.sequence);
    frame.writeUInt8(kind, AT.kind);
    const crc = crc32(frame.subarray(AT.length), this.seed);
    frame.writeUInt32BE(crc, AT.crc);
    if (this.sequence === 0) this.seed = crc;
    this.sequence += 1;
    return frame;
  }
}

/** Bytes of the frame that begins here, or null if there are too few bytes to tell. */
export function frameLength(bytes: Buffer): number | null {
  if (bytes.length < FRAME_HEAD_BYTES) return null;
  const length = bytes.readUInt32BE(AT.length);
  if (length > MAX_FRAME_BYTES) throw new SnapshotError(`a frame of ${length} bytes`);
  return FRAME_HEAD_BYTES + length;
}

/** Builds a new table from frames, in order. Every method throws SnapshotError on damage. */
export class SnapshotLoader {
  private readonly loading = new Table();
  private found: SnapshotHeader | null = null;
  private sequence = 0;
  private seed = 0;
  private ended = false;
  private large: { readonly key: string; readonly value: Buffer; have: number } | null = null;

  /** Known once the first frame was fed. */
  get header(): SnapshotHeader {
    assert(this.found !== null, 'the first frame was fed');
    return this.found;
  }

  /** Complete only after `finish`. */
  get table(): Table {
    return this.loading;
  }

  /** Takes exactly one frame. */
  feed(frame: Buffer): void {
    const body = this.check(frame);
    const kind = frame.readUInt8(AT.kind);
    if ((this.found === null) !== (kind === KIND.header)) throw new SnapshotError('frame order');
    if ((this.large !== null) !== (kind === KIND.slice)) throw new SnapshotError('frame order');
    switch (kind) {
      case KIND.header:
        this.found = parseSnapshotHeader(body.toString('utf8'));
        if (this.found === null) throw new SnapshotError('the header does not say what it must');
        return;
      case KIND.entries:
        this.addEntries(body);
        return;
      case KIND.large:
        this.beginLarge(body);
        return;
      case KIND.slice:
        this.addSlice(body);
        return;
      case KIND.end:
        if (!body.equals(endBody(this.header))) throw new SnapshotError('end and header differ');
        this.ended = true;
        return;
      default:
        throw new SnapshotError(`unknown frame kind ${kind}`);
    }
  }

  /** The whole table, compared with what the header says of it. */
  finish(): { readonly header: SnapshotHeader; readonly table: Table } {
    if (!this.ended) throw new SnapshotError('the snapshot is cut off');
    const { header, table } = this;
    if (table.size !== header.keys) {
      throw new SnapshotError(`${table.size} keys where ${header.keys} were promised`);
    }
    if (table.digest() !== header.digest) throw new SnapshotError('the digest does not match');
    return { header, table };
  }

  private check(frame: Buffer): Buffer {
    if (this.ended) throw new SnapshotError('a frame behind the end');
    if (frameLength(frame) !== frame.length) throw new SnapshotError('not exactly one frame');
    const crc = crc32(frame.subarray(AT.length), this.seed);
    if (crc !== frame.readUInt32BE(AT.crc)) throw new SnapshotError('a frame fails its checksum');
    if (frame.readUInt32BE(AT.sequence) !== this.sequence) throw new SnapshotError('frame order');
    if (this.sequence === 0) this.seed = crc;
    this.sequence += 1;
    return frame.subarray(FRAME_HEAD_BYTES);
  }

  private addEntries(body: Buffer): void {
    const source = new WordSource(body);
    let at = 0;
    while (at < body.length) {
      if (body.length - at < ENTRY_HEAD_BYTES) throw new SnapshotError('an entry is cut off');
      const keyLength = source.u32(at);
      const length = source.u32(at + 4);
      const keyAt = at + ENTRY_HEAD_BYTES;
      const valueAt = keyAt + keyLength;
      const end = valueAt + length;
      if (end > body.length) throw new SnapshotError('an entry is cut off');
      this.loading.load(source, { keyAt, keyLength, valueAt, length });
      at = end;
    }
  }

  private beginLarge(body: Buffer): void {
    if (body.length < 4) throw new SnapshotError('a large value is cut off');
    const total = body.readUInt32BE(0);
    if (total === 0 || total > MAX_STORED_VALUE_BYTES) {
      throw new SnapshotError(`a large value of ${total} bytes`);
    }
    const key = body.toString('latin1', 4);
    this.large = { key, value: Buffer.allocUnsafeSlow(total), have: 0 };
  }

  private addSlice(body: Buffer): void {
    const { large } = this;
    assert(large !== null, 'slices follow the frame of their value');
    if (body.length === 0 || body.length > large.value.length - large.have) {
      throw new SnapshotError('a slice does not fit its value');
    }
    large.have += body.copy(large.value, large.have);
    if (large.have < large.value.length) return;
    this.loading.set(large.key, large.value);
    this.large = null;
  }
}
