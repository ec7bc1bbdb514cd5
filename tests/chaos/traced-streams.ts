/**
 * A process's connections as its trace shows them: whole frames in both directions, each with the
 * line in which its first byte was about to leave, or in which its last byte had arrived.
 */
import type { SystemCall } from './strace-lines.js';

export interface Frame {
  /** The elements of an array; a single one for any other reply. */
  readonly words: readonly Buffer[];
  readonly at: number;
}

export interface TracedStream {
  readonly target: string;
  /** Of the process. */
  readonly life: number;
  readonly sent: Frame[];
  readonly received: Frame[];
}

const SENDS = new Set(['write', 'writev', 'sendto', 'sendmsg']);
const RECEIVES = new Set(['read', 'readv', 'recvfrom', 'recvmsg']);
const SOCKET = /^(TCP|socket:)/;

/** Cuts a stream of RESP into frames. */
class FrameScanner {
  #rest = Buffer.alloc(0);
  #beganAt = 0;

  constructor(private readonly isSending: boolean) {}

  feed(bytes: Buffer, at: number): Frame[] {
    if (this.#rest.length === 0) this.#beganAt = at;
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const frames: Frame[] = [];
    for (;;) {
      const found = frameIn(this.#rest);
      if (found === null) return frames;
      frames.push({ words: found.words, at: this.isSending ? this.#beganAt : at });
      this.#rest = this.#rest.subarray(found.bytes);
      this.#beganAt = at;
    }
  }
}

function frameIn(bytes: Buffer): { words: Buffer[]; bytes: number } | null {
  const end = bytes.indexOf('\r\n');
  if (end === -1) return null;
  const count =
    bytes.toString('latin1', 0, 1) === '*' ? Number(bytes.toString('latin1', 1, end)) : 0;
  if (count === 0) return { words: [bytes.subarray(0, end)], bytes: end + 2 };
  const words: Buffer[] = [];
  let at = end + 2;
  while (words.length < count) {
    const lengthEnd = bytes.indexOf('\r\n', at);
    if (lengthEnd === -1) return null;
    const length = Number(bytes.toString('latin1', at + 1, lengthEnd));
    const from = lengthEnd + 2;
    if (bytes.length < from + length + 2) return null;
    words.push(bytes.subarray(from, from + length));
    at = from + length + 2;
  }
  return { words, bytes: at };
}

export function tracedStreams(calls: readonly SystemCall[]): TracedStream[] {
  const streams = new Map<string, TracedStream>();
  const scanners = new Map<string, { sent: FrameScanner; received: FrameScanner }>();
  for (const call of calls) {
    if (!SOCKET.test(call.target) || !(call.result > 0)) continue;
    const { target, life } = call;
    // A port may be used again in a later life.
    const name = `${life} ${target}`;
    const stream = streams.get(name) ?? { target, life, sent: [], received: [] };
    streams.set(name, stream);
    const scanner = scanners.get(name) ?? {
      sent: new FrameScanner(true),
      received: new FrameScanner(false),
    };
    scanners.set(name, scanner);
    const bytes = call.bytes.subarray(0, call.result);
    if (SENDS.has(call.name)) stream.sent.push(...scanner.sent.feed(bytes, call.enteredAt));
    if (RECEIVES.has(call.name)) {
      stream.received.push(...scanner.received.feed(bytes, call.returnedAt));
    }
  }
  return [...streams.values()];
}
