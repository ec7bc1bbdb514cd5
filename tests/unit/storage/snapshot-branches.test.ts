/** Frames whose checksums hold and whose contents are not what any release writes. */
import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import { FRAME_HEAD_BYTES, SnapshotError, SnapshotLoader } from '../../../src/storage/snapshot.js';

const HEADER = {
  txid: 7,
  epoch: 2,
  chain: 'c'.repeat(32),
  digest: 'd'.repeat(32),
  keys: 1,
  bytes: 2,
  aborted: [],
};

const KIND = { header: 1, entries: 2, large: 3, slice: 4, end: 5 };

type Part = readonly [kind: number, body: Buffer];

const HEAD: Part = [KIND.header, Buffer.from(JSON.stringify(HEADER))];

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}

function large(total: number): Part {
  return [KIND.large, Buffer.concat([u32(total), Buffer.from('k')])];
}

function framesOf(parts: readonly Part[]): Buffer[] {
  let seed = 0;
  return parts.map(([kind, body], sequence) => {
    const frame = Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), body]);
    u32(body.length, sequence).copy(frame, 4);
    frame.writeUInt8(kind, 12);
    const crc = crc32(frame.subarray(4), seed);
    frame.writeUInt32BE(crc, 0);
    if (sequence === 0) seed = crc;
    return frame;
  });
}

/** All but the last are sound; that one is refused with this text. */
function expectRefusal(reason: string, ...parts: readonly Part[]): void {
  const loader = new SnapshotLoader();
  const frames = framesOf(parts);
  const last = frames.pop() ?? Buffer.alloc(0);
  for (const frame of frames) loader.feed(frame);
  expect(() => {
    loader.feed(last);
  }, reason).to.throw(SnapshotError, reason);
}

describe('storage/snapshot: sound frames with contents that nobody writes', () => {
  it('refuses frames out of order although they are numbered', () => {
    expectRefusal('frame order', [KIND.entries, Buffer.alloc(0)]);
    expectRefusal('frame order', HEAD, HEAD);
    expectRefusal('frame order', HEAD, [KIND.slice, Buffer.from('x')]);
    expectRefusal('frame order', HEAD, large(2), [KIND.entries, Buffer.alloc(0)]);
  });

  it('refuses an end that is not that of its header, and a kind that it does not know', () => {
    expectRefusal('end and header differ', HEAD, [KIND.end, Buffer.from('{}')]);
    expectRefusal('unknown frame kind 6', HEAD, [6, Buffer.alloc(0)]);
  });

  it('refuses entries that are cut off', () => {
    const entry = Buffer.concat([u32(1, 2), Buffer.from('kvv')]);
    for (const kept of [1, 7, 8, 10]) {
      expectRefusal('an entry is cut off', HEAD, [KIND.entries, entry.subarray(0, kept)]);
    }
    const twice = Buffer.concat([entry, entry.subarray(0, 10)]);
    expectRefusal('an entry is cut off', HEAD, [KIND.entries, twice]);
  });

  it('refuses a large value without its length, and slices that do not fit it', () => {
    expectRefusal('a large value is cut off', HEAD, [KIND.large, Buffer.alloc(3)]);
    expectRefusal('does not fit', HEAD, large(2), [KIND.slice, Buffer.alloc(0)]);
    expectRefusal('does not fit', HEAD, large(2), [KIND.slice, Buffer.alloc(3)]);
    const first: Part = [KIND.slice, Buffer.alloc(1)];
    expectRefusal('does not fit', HEAD, large(2), first, [KIND.slice, Buffer.alloc(2)]);
  });
});
