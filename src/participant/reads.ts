/**
 * Reads from this participant's table, each answered in one step.
 *
 * Linearizable without locks because the coordinator queues every COMMIT on this connection before
 * the reply to that write leaves, and because a link of an older epoch is refused before it gets
 * here. Values too large for one frame are handed out in slices that the asker pulls; what was
 * found is kept until then, so a write in between changes nothing, unless nobody asks for it any
 * more. Knows nothing of transactions.
 */
import { type Bytes, bufferOf } from '../base/bytes.js';
import { type Millis, isMember } from '../base/ids.js';
import { MAX_OPEN_READS, PIECE_BYTES } from '../base/limits.js';
import type { Read, ReadMore } from '../rpc/messages.js';
import type { ParticipantCore } from './core.js';
import type { Link } from './links.js';

/**
 * The coordinator asks for more the moment it has got some: a read that it has left for so long
 * was given up, at its deadline or with its client.
 */
const OPEN_READ_MS: Millis = 60_000;

interface OpenRead {
  readonly values: readonly Buffer[];
  readonly total: number;
  lastAskedAt: Millis;
}

export class Reads {
  private readonly open = new Map<number, Map<number, OpenRead>>();
  private sweepAt: Millis | null = null;

  constructor(private readonly core: ParticipantCore) {}

  onRead(link: Link, message: Read): void {
    const { core } = this;
    const { state } = core;
    const refusal = this.objection(message);
    if (refusal !== '') {
      core.send(link.id, { type: 'unreadable', id: message.id, reason: refusal });
      return;
    }
    core.counters.reads += 1;
    if (message.op === 'get' || message.op === 'gets') {
      this.answerValues(link, message);
      return;
    }
    const found = message.keys.reduce((sum, key) => sum + (state.table.has(key) ? 1 : 0), 0);
    const count = message.op === 'size' ? state.table.size : found;
    core.send(link.id, { type: 'value', id: message.id, count, lengths: [], data: [] });
  }

  private answerValues(link: Link, message: Read): void {
    const lengths: number[] = [];
    const values: Bytes[] = [];
    let total = 0;
    for (const key of message.keys) {
      const value = this.core.state.table.get(key);
      lengths.push(value === undefined ? -1 : value.length);
      if (value === undefined) continue;
      values.push(value);
      total += value.length;
    }
    let data: readonly Bytes[] = values;
    if (total > PIECE_BYTES && message.op === 'gets') {
      data = [];
    } else if (total > PIECE_BYTES) {
      const reads = this.open.get(link.id) ?? new Map<number, OpenRead>();
      if (reads.size >= MAX_OPEN_READS) {
        const reason = 'too many large reads';
        this.core.send(link.id, { type: 'unreadable', id: message.id, reason });
        return;
      }
      this.open.set(link.id, reads);
      const { now } = this.core;
      const open = { values: values.map(bufferOf), total, lastAskedAt: now };
      reads.set(message.id, open);
      this.sweepAt ??= now + OPEN_READ_MS;
      data = [slice(open.values, 0)];
    }
    this.core.send(link.id, { type: 'value', id: message.id, count: 0, lengths, data });
  }

  onMore(link: Link, message: ReadMore): void {
    const reads = this.open.get(link.id);
    const read = reads?.get(message.id);
    if (read === undefined || message.offset >= read.total) {
      this.core.refuse(link.id, 'protocol', `no open read ${message.id} at ${message.offset}`);
      return;
    }
    read.lastAskedAt = this.core.now;
    const bytes = slice(read.values, message.offset);
    if (message.offset + bytes.length === read.total) reads?.delete(message.id);
    this.core.send(link.id, { type: 'part', id: message.id, offset: message.offset, bytes });
  }

  forget(link: number): void {
    this.open.delete(link);
  }

  get timeoutAt(): Millis | null {
    return this.sweepAt;
  }

  onTick(): void {
    const { now } = this.core;
    if (this.sweepAt === null || now < this.sweepAt) return;
    let left = 0;
    for (const reads of this.open.values()) {
      for (const [id, { lastAskedAt }] of reads) {
        if (now >= lastAskedAt + OPEN_READ_MS) reads.delete(id);
      }
      left += reads.size;
    }
    this.sweepAt = left === 0 ? null : now + OPEN_READ_MS;
  }

  private objection(message: Read): string {
    const { state, storeId } = this.core;
    if (!state.fit) return 'the store was found damaged';
    if (!isMember(state.view, storeId)) return 'not in the view';
    return message.view > (state.view?.number ?? 0) ? 'an unknown view' : '';
  }
}

/** Up to `PIECE_BYTES` from `offset` of the values laid end to end. */
function slice(values: readonly Buffer[], offset: number): Buffer {
  const parts: Buffer[] = [];
  let start = offset;
  let room = PIECE_BYTES;
  for (const value of values) {
    if (start >= value.length) {
      start -= value.length;
      continue;
    }
    const part = value.subarray(start, start + room);
    parts.push(part);
    room -= part.length;
    start = 0;
    if (room === 0) break;
  }
  const [only] = parts;
  return parts.length === 1 && only ? only : Buffer.concat(parts);
}
