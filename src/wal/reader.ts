/**
 * Reads one segment from its bytes, given in chunks of any size, and judges how it ends. Pure.
 *
 * The question behind every bad byte is: was it ever synced? Records are written a flush at a time,
 * each flush begins with a flagged record and only after the flush before it was synced. So a bad
 * place with a flagged head anywhere behind it was synced once: that is rot. Without one it lies in
 * the last flush, which a crash may leave in any condition: a torn tail, of which nothing was ever
 * promised, unless the disk lost it later; hence the caller is told whether it held anything.
 * A head counts only with the right salt at its own offset, so no client's value can look like one.
 *
 * Invariants: a record is handed over only if head and body pass their checks; no record is handed
 * over behind a bad place; the verdict does not depend on how the bytes were cut into chunks.
 */
import { crc32 } from '../base/hash.js';
import { type RecordHead, decodeBody, readHead, segmentSalt } from './codec.js';
import { MalformedRecordError } from './fields.js';
import { RECORD_HEAD_BYTES, SEGMENT_HEADER_BYTES } from './format.js';
import type { WalRecord } from './record.js';
import { type SegmentHeader, decodeSegmentHeader } from './segment-header.js';

export type TailVerdict =
  | { readonly tail: 'clean' }
  /** Nothing but zeros behind `offset`: space that the file system added and nobody wrote. */
  | { readonly tail: 'zeros'; readonly offset: number }
  | { readonly tail: 'torn'; readonly offset: number; readonly nonZero: boolean }
  | { readonly tail: 'rot'; readonly offset: number; readonly reason: string };

export type OnRecord = (record: WalRecord, offset: number) => void;

export class SegmentReader {
  private readonly salt: number;
  private buffered: Buffer = Buffer.alloc(0);
  /** Chunks behind `buffered`, until there are `needed` bytes: a large record is joined once. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private needed = 0;
  /** File offset of the first buffered byte. */
  private offset = 0;
  private mode: 'header' | 'records' | 'scan' = 'header';
  private readonly bad = { offset: 0, reason: '', nonZero: false };
  private provenRot = false;
  private foundHeader: SegmentHeader | null = null;
  private newerVersion = 0;
  private foundFlush = false;
  private flushOffset = 0;

  constructor(
    private readonly expected: { readonly storeId: string; readonly segment: number },
    private readonly onRecord: OnRecord,
  ) {
    this.salt = segmentSalt(expected.storeId, expected.segment);
  }

  /** Null until the header was read and found sound. */
  get header(): SegmentHeader | null {
    return this.foundHeader;
  }

  /** A bad place was found; no record will be handed over any more. */
  get isBad(): boolean {
    return this.mode === 'scan';
  }

  /** Whether at least the first flush is whole. */
  get hasWholeFlush(): boolean {
    return this.foundFlush;
  }

  /**
   * Where the newest flush of which a record was handed over begins; 0, with the header, if that is
   * the segment's first. All before it had been synced when it was written.
   */
  get lastFlush(): number {
    return this.flushOffset;
  }

  /** Not 0: the segment is written by a later release; nothing else was looked at. */
  get newer(): number {
    return this.newerVersion;
  }

  /** What ends a record that began in an earlier chunk goes first, so that no more is copied. */
  feed(chunk: Buffer): void {
    const missing = this.needed - this.buffered.length - this.waitingBytes;
    const isCut = missing > 0 && missing < chunk.length;
    if (isCut) this.take(chunk.subarray(0, missing));
    this.take(isCut ? chunk.subarray(missing) : chunk);
  }

  private take(chunk: Buffer): void {
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.buffered.length + this.waitingBytes < this.needed) return;
    this.join();
    if (this.mode === 'header') this.readHeader();
    if (this.mode === 'records') this.readRecords();
    if (this.mode === 'scan') this.scan();
  }

  /** No more bytes will come. */
  finish(): TailVerdict {
    this.join();
    if (this.mode === 'header') {
      if (this.buffered.length === 0 && this.offset === 0) {
        return { tail: 'torn', offset: 0, nonZero: false };
      }
      this.becomeBad('the segment header is cut off');
      this.scan();
    }
    if (this.mode === 'records') {
      if (this.buffered.length === 0) return { tail: 'clean' };
      this.becomeBad('the last record is cut off');
      this.scan();
    }
    return this.verdict();
  }

  private join(): void {
    const [first] = this.waiting;
    if (first !== undefined) {
      const isAlone = this.buffered.length === 0 && this.waiting.length === 1;
      this.buffered = isAlone ? first : Buffer.concat([this.buffered, ...this.waiting]);
    }
    this.waiting = [];
    this.waitingBytes = 0;
    this.needed = 0;
  }

  private verdict(): TailVerdict {
    const { offset, reason } = this.bad;
    const nonZero = this.bad.nonZero || this.buffered.some((byte) => byte !== 0);
    if (this.provenRot) return { tail: 'rot', offset, reason };
    if (!nonZero && offset > 0) return { tail: 'zeros', offset };
    return { tail: 'torn', offset, nonZero };
  }

  private readHeader(): void {
    if (this.buffered.length < SEGMENT_HEADER_BYTES) return;
    const result = decodeSegmentHeader(this.buffered);
    if (result.verdict === 'newer') this.newerVersion = result.version;
    if (result.verdict !== 'sound') {
      this.becomeBad(result.verdict === 'bad' ? result.reason : 'a later format');
      return;
    }
    const { storeId, segment } = this.expected;
    if (result.header.storeId !== storeId || result.header.segment !== segment) {
      // A whole header is no torn write: somebody moved files about.
      this.provenRot = true;
      this.becomeBad(`this is segment ${result.header.segment} of store ${result.header.storeId}`);
      return;
    }
    this.foundHeader = result.header;
    this.consume(SEGMENT_HEADER_BYTES);
    this.mode = 'records';
  }

  private readRecords(): void {
    let at = 0;
    while (this.buffered.length - at >= RECORD_HEAD_BYTES) {
      const place = { salt: this.salt, offset: this.offset + at };
      const head = readHead(this.buffered, at, place);
      if (head === null) {
        this.consume(at);
        this.becomeBad('a record head fails its checksum');
        return;
      }
      const end = at + RECORD_HEAD_BYTES + head.length;
      if (this.buffered.length < end) {
        this.needed = end - at;
        break;
      }
      const problem = this.deliver(head, this.buffered.subarray(at + RECORD_HEAD_BYTES, end), at);
      if (problem !== null) {
        this.consume(at);
        this.becomeBad(problem);
        return;
      }
      at = end;
    }
    this.consume(at);
  }

  /** What is wrong with the record, or null once it was handed over. */
  private deliver(head: RecordHead, body: Buffer, at: number): string | null {
    if (crc32(body) !== head.bodyCrc) return 'a record body fails its checksum';
    let record: WalRecord;
    try {
      record = decodeBody(head, body);
    } catch (error) {
      if (!(error instanceof MalformedRecordError)) throw error;
      // Its checksums hold, so these are the bytes that were meant: not a matter of a torn write.
      this.provenRot = true;
      return `a ${head.kind} record is malformed: ${error.message}`;
    }
    this.onRecord(record, this.offset + at);
    if (head.beginsFlush) this.flushOffset = this.foundFlush ? this.offset + at : 0;
    this.foundFlush ||= head.endsFlush;
    return null;
  }

  private becomeBad(reason: string): void {
    this.mode = 'scan';
    this.bad.offset = this.offset;
    this.bad.reason = reason;
  }

  /** Looks at every byte behind the bad place for the head of a later flush. */
  private scan(): void {
    const first = Math.max(this.bad.offset + 1, SEGMENT_HEADER_BYTES + 1);
    const { buffered } = this;
    const last = buffered.length - RECORD_HEAD_BYTES;
    for (let at = Math.max(0, first - this.offset); at <= last && !this.provenRot; at += 1) {
      const head = readHead(buffered, at, { salt: this.salt, offset: this.offset + at });
      if (head?.beginsFlush === true) this.provenRot = true;
    }
    const keep = Math.min(buffered.length, RECORD_HEAD_BYTES - 1);
    const passed = buffered.subarray(0, buffered.length - keep);
    this.bad.nonZero ||= passed.some((byte) => byte !== 0);
    this.consume(passed.length);
  }

  private consume(bytes: number): void {
    this.buffered = this.buffered.subarray(bytes);
    this.offset += bytes;
  }
}
