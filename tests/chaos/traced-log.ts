/**
 * A process's log as its trace shows it: which records were written in which line, and in which
 * line the sync returned that made them durable. What a life left without a sync counts as durable
 * only when the next one has written it again and synced that: the page cache alone is no evidence.
 * Knows nothing of what was sent.
 */
import { encodeBody, encodedBytes } from '../../src/wal/codec.js';
import { SEGMENT_HEADER_BYTES } from '../../src/wal/format.js';
import { SegmentReader } from '../../src/wal/reader.js';
import type { WalRecord } from '../../src/wal/record.js';
import { decodeSegmentHeader } from '../../src/wal/segment-header.js';
import type { SystemCall } from './strace-lines.js';

export interface TracedRecord {
  readonly record: WalRecord;
  /** The line in which the write of its last byte began. */
  readonly writtenAt: number;
  /** Infinity: the trace shows no sync of it. */
  durableAt: number;
}

const WRITES = new Set(['write', 'writev', 'pwrite64', 'pwritev']);
const SYNCS = new Set(['fdatasync', 'fsync']);
const SEGMENT = /\/\d{8}\.log$/;

class TracedSegment {
  readonly records: { readonly end: number; readonly traced: TracedRecord }[] = [];
  /** So much is written, by this life or durably by an earlier one. */
  written = 0;
  #life = 0;
  #fed = 0;
  #synced = 0;
  /** Bytes until the header is whole. */
  #head = Buffer.alloc(0);
  #reader: SegmentReader | null = null;
  #line = 0;

  write(call: SystemCall): void {
    this.enter(call.life);
    const at = call.offset ?? this.#fed;
    const end = at + call.result;
    // Behind a gap it makes nothing whole.
    if (at > this.written) return;
    this.written = Math.max(this.written, end);
    if (end <= this.#fed) return;
    this.#line = call.enteredAt;
    this.#feed(call.bytes.subarray(this.#fed - at, call.result), call.target);
  }

  #feed(bytes: Buffer, target: string): void {
    this.#fed += bytes.length;
    if (this.#reader === null) {
      this.#head = Buffer.concat([this.#head, bytes]);
      if (this.#head.length < SEGMENT_HEADER_BYTES) return;
      this.#reader = this.#makeReader();
      this.#reader.feed(this.#head);
    } else {
      this.#reader.feed(bytes);
    }
    if (this.#reader.isBad) throw new Error(`the log in the trace is not whole: ${target}`);
  }

  enter(life: number): void {
    if (life === this.#life) return;
    this.#life = life;
    this.written = this.#synced;
  }

  synced(bytes: number, line: number): void {
    this.#synced = Math.max(this.#synced, bytes);
    for (const { end, traced } of this.records) {
      if (end <= bytes && traced.durableAt === Infinity) traced.durableAt = line;
    }
  }

  #makeReader(): SegmentReader {
    const decoded = decodeSegmentHeader(this.#head);
    if (decoded.verdict !== 'sound') throw new Error('a segment in the trace has no sound header');
    return new SegmentReader(decoded.header, (record, offset) => {
      const end = offset + encodedBytes(encodeBody(record));
      const traced = { record, writtenAt: this.#line, durableAt: Infinity };
      this.records.push({ end, traced });
    });
  }
}

/** In the order in which they were written, segment by segment. */
export function tracedRecords(calls: readonly SystemCall[]): TracedRecord[] {
  const segments = new Map<string, TracedSegment>();
  const events: { readonly at: number; readonly happen: () => void }[] = [];
  for (const call of calls) {
    if (!SEGMENT.test(call.target) || !(call.result >= 0)) continue;
    const segment = segments.get(call.target) ?? new TracedSegment();
    segments.set(call.target, segment);
    if (WRITES.has(call.name)) {
      events.push({ at: call.returnedAt, happen: () => segment.write(call) });
    } else if (SYNCS.has(call.name)) {
      let covered = 0;
      // Whatever is written while it is under way may have come too late for it.
      const begin = (): void => {
        segment.enter(call.life);
        covered = segment.written;
      };
      events.push({ at: call.enteredAt - 0.5, happen: begin });
      const end = (): void => segment.synced(covered, call.returnedAt);
      events.push({ at: call.returnedAt, happen: end });
    }
  }
  for (const { happen } of events.sort((a, b) => a.at - b.at)) happen();
  return [...segments.values()].flatMap(({ records }) => records.map(({ traced }) => traced));
}
