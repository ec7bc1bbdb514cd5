/**
 * Bytes on the port between processes that are nearly messages: each is read as a message or ends
 * its connection with a named error, however it is cut; nothing else is ever thrown.
 */
import { expect } from 'chai';
import { bytesOf } from '../../src/base/bytes.js';
import type { Prng } from '../../src/base/prng.js';
import { encodeReply, encodeRequest } from '../../src/rpc/codec.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { ReplyReader } from '../../src/rpc/reply-reader.js';
import { RequestFrames } from '../../src/rpc/request-frames.js';
import { RpcProtocolError } from '../../src/rpc/rpc-protocol-error.js';
import { singleBytes } from '../unit/resp/read-requests.js';
import { cutInChunks, fuzz, mutate, pick, randomBytes } from './fuzz.js';
import { sampleReplies, sampleRequests } from './peer-messages.js';

const MESSAGES = 6;
const MIB = 1024 * 1024;

interface Read<M> {
  readonly messages: readonly M[];
  readonly error: RpcProtocolError | null;
}

function readAll<M>(reader: { push(chunk: Buffer): M[] }, chunks: readonly Buffer[]): Read<M> {
  const messages: M[] = [];
  for (const chunk of chunks) {
    try {
      messages.push(...reader.push(chunk));
    } catch (error) {
      if (!(error instanceof RpcProtocolError)) throw error;
      expect(error.message).to.match(/^[^\r\n]{1,300}$/);
      return { messages, error };
    }
  }
  return { messages, error: null };
}

/** Frames back to back, with some bytes changed. */
function damagedFrames(prng: Prng, frames: readonly Buffer[]): Buffer {
  const count = 1 + prng.below(6);
  const chosen = Array.from({ length: count }, () => pick(prng, frames));
  if (prng.chance(0.2)) chosen.splice(prng.below(count), 0, randomBytes(prng, prng.below(80)));
  return mutate(prng, Buffer.concat(chosen), pick(prng, [1, 1, 2, 5]));
}

describe('hostile bytes between processes', function () {
  this.timeout(60_000);

  it('are requests or a named error, however they are cut', async () => {
    await fuzz(250, (prng) => {
      const bytes = damagedFrames(prng, sampleRequests(prng, MESSAGES).map(frameOf));
      const single = readAll(new RequestFrames(), cutInChunks(prng, bytes));
      const again = readAll(new RequestFrames(), singleBytes(bytes));
      expect(single.error?.message).to.equal(again.error?.message);
      // The messages that share a chunk with the error go with their connection.
      expect(again.messages.slice(0, single.messages.length)).to.deep.equal(single.messages);
      for (const message of again.messages) {
        expect(new RequestFrames().push(frameOf(message))).to.deep.equal([message]);
      }
    });
  });

  it('are replies or a named error, however they are cut', async () => {
    await fuzz(250, (prng) => {
      const bytes = damagedFrames(prng, sampleReplies(prng, MESSAGES).map(replyFrameOf));
      const read = readAll(new ReplyReader(), cutInChunks(prng, bytes));
      for (const message of read.messages) {
        expect(new ReplyReader().push(replyFrameOf(message))).to.deep.equal([message]);
      }
    });
  });

  it('cost what has arrived of them, not what they announce', () => {
    const before = memory();
    const readers = Array.from({ length: 20 }, () => new RequestFrames());
    const announced = ['*3\r\n$11\r\n2PC.PREPARE\r\n$536870912\r\n', '*1048000\r\n$536870912\r\nx'];
    for (const [index, reader] of readers.entries()) {
      reader.push(Buffer.from(announced[index % 2] ?? ''));
    }
    expect(memory() - before).to.be.below(50 * MIB);
  });
});

function memory(): number {
  const { rss, arrayBuffers } = process.memoryUsage();
  return Math.max(rss, arrayBuffers);
}

function frameOf(message: Request): Buffer {
  return bytesOf(encodeRequest(message));
}

function replyFrameOf(message: Reply): Buffer {
  return bytesOf(encodeReply(message));
}
