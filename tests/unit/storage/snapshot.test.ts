import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import { Prng } from '../../../src/base/prng.js';
import {
  MAX_STORED_VALUE_BYTES,
  REMEMBERED_ABORTS,
  REMEMBERED_LINEAGE,
} from '../../../src/base/limits.js';
import { type SnapshotHeader, parseSnapshotHeader } from '../../../src/storage/snapshot-header.js';
import {
  FRAME_HEAD_BYTES,
  FRAME_TARGET_BYTES,
  SnapshotError,
  SnapshotLoader,
  snapshotFrames,
} from '../../../src/storage/snapshot.js';
import { Table } from '../../../src/storage/table.js';

function headerOf(table: Table, txid = 7): SnapshotHeader {
  return {
    txid,
    epoch: 2,
    chain: 'c'.repeat(32),
    digest: table.digest(),
    keys: table.size,
    bytes: table.bytes,
    aborted: [{ epoch: 1, txid: 3 }],
    lineage: [{ epoch: 1, txid: 2 }],
  };
}

function framesOf(table: Table, header = headerOf(table)): Buffer[] {
  const snapshot = table.beginSnapshot();
  const frames = [...snapshotFrames(snapshot, header)];
  snapshot.close();
  return frames;
}

function load(frames: readonly Buffer[]): ReturnType<SnapshotLoader['finish']> {
  const loader = new SnapshotLoader();
  for (const frame of frames) loader.feed(frame);
  return loader.finish();
}

function filled(keys: number, valueBytes: number, seed = 1): Table {
  const prng = new Prng(seed);
  const table = new Table();
  for (let i = 0; i < keys; i += 1) {
    const value = Buffer.alloc(prng.below(valueBytes + 1), prng.below(256));
    table.set(`key\xff ${i}`, value);
  }
  return table;
}

describe('storage/snapshot', () => {
  it('carries a table of any size', () => {
    for (const [keys, bytes] of [
      [0, 0],
      [1, 0],
      [5000, 200],
      [20, FRAME_TARGET_BYTES * 3],
    ] as const) {
      const table = filled(keys, bytes);
      const { header, table: loaded } = load(framesOf(table));
      expect(header).to.deep.equal(headerOf(table));
      expect(loaded.digest()).to.equal(table.digest());
      expect(loaded.size).to.equal(table.size);
      expect(loaded.bytes).to.equal(table.bytes);
    }
  });

  it('cuts values at, below and above the limit of a frame', () => {
    for (const length of [-1, 0, 1].map((more) => FRAME_TARGET_BYTES + more)) {
      const table = new Table();
      table.set('large', Buffer.alloc(length, 3));
      table.set('small', Buffer.from('x'));
      const frames = framesOf(table);
      for (const frame of frames) expect(frame.length).to.be.lessThan(1024 * 1024);
      expect(load(frames).table.digest()).to.equal(table.digest());
    }
  });

  it('holds the state of its beginning although writes go on', () => {
    const table = filled(2000, 100);
    const header = headerOf(table);
    const snapshot = table.beginSnapshot();
    const loader = new SnapshotLoader();
    let writes = 0;
    for (const frame of snapshotFrames(snapshot, header)) {
      loader.feed(frame);
      for (let i = 0; i < 500; i += 1, writes += 1) {
        table.set(`key\xff ${writes % 2000}`, Buffer.from('changed'));
        table.set(`new ${writes}`, Buffer.alloc(0));
      }
    }
    snapshot.close();
    expect(loader.finish().table.digest()).to.equal(header.digest);
    expect(table.digest()).not.to.equal(header.digest);
  });

  it('refuses every changed byte', () => {
    const frames = framesOf(filled(3, 20));
    frames.forEach((frame, index) => {
      for (let at = 0; at < frame.length; at += 1) {
        const damaged = Buffer.from(frame);
        damaged.writeUInt8((damaged[at] ?? 0) ^ (1 << (at % 8)), at);
        const list = frames.map((each, i) => (i === index ? damaged : each));
        expect(() => load(list), `frame ${index}, byte ${at}`).to.throw(SnapshotError);
      }
    });
  });

  it('refuses frames that are missing, doubled, exchanged, cut or joined', () => {
    const table = filled(6, FRAME_TARGET_BYTES * 2);
    const frames = framesOf(table);
    expect(frames.length).to.be.greaterThan(6);
    frames.forEach((frame, index) => {
      const without = frames.filter((_, i) => i !== index);
      expect(() => load(without), `without ${index}`).to.throw(SnapshotError);
      const doubled = [...frames.slice(0, index), frame, ...frames.slice(index)];
      expect(() => load(doubled), `doubled ${index}`).to.throw(SnapshotError);
      const cut = frames.map((each, i) => (i === index ? each.subarray(0, -1) : each));
      expect(() => load(cut), `cut ${index}`).to.throw(SnapshotError);
      const exchanged = [...without.slice(0, index + 1), frame, ...without.slice(index + 1)];
      if (index === frames.length - 1) return;
      expect(() => load(exchanged), `exchanged ${index}`).to.throw(SnapshotError);
    });
    expect(() => load([Buffer.concat(frames)])).to.throw(SnapshotError);
  });

  it('H17: refuses a frame of another snapshot, also at the same place', () => {
    const table = filled(40, 20);
    const frames = framesOf(table);
    const others = framesOf(table, headerOf(table, 8));
    frames.forEach((_, index) => {
      const mixed = frames.map((frame, i) => (i === index ? (others[i] ?? frame) : frame));
      expect(() => load(mixed), `frame ${index}`).to.throw(SnapshotError);
    });
  });

  it('refuses a header that does not say what it must', () => {
    const table = filled(1, 20);
    const sound: Record<string, unknown> = { ...headerOf(table) };
    const wrong: Record<string, readonly unknown[]> = {
      txid: [undefined, null, -1, 0.5, '1', 2 ** 48],
      epoch: [undefined, 'x', 2 ** 48],
      chain: [undefined, 7, 'c'.repeat(513)],
      digest: [undefined, null, []],
      keys: [undefined, -1],
      bytes: [undefined, {}],
      aborted: [
        ...[undefined, null, {}, [null], [1], [{ epoch: 1 }], [{ epoch: 1, txid: '2' }]],
        Array.from({ length: REMEMBERED_ABORTS + 1 }, () => ({ epoch: 1, txid: 1 })),
      ],
      lineage: [
        ...[null, {}, [null], [1], [{ epoch: 1 }], [{ epoch: -1, txid: 2 }]],
        Array.from({ length: REMEMBERED_LINEAGE + 1 }, () => ({ epoch: 1, txid: 1 })),
      ],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        const header = { ...sound, [name]: value } as unknown as SnapshotHeader;
        expect(() => load(framesOf(table, header)), name).to.throw(SnapshotError, 'header');
      }
    }
    const { lineage, ...earlier } = headerOf(table);
    const read = load(framesOf(table, earlier as SnapshotHeader)).header;
    const { epoch } = earlier;
    expect(read, 'of 0.1.0').to.deep.equal({ ...earlier, lineage: [{ epoch, txid: 1 }] });
    const none = { ...earlier, txid: 0 } as SnapshotHeader;
    expect(load(framesOf(table, none)).header.lineage).to.deep.equal([]);
    expect(load(framesOf(table, { ...earlier, lineage })).header.lineage).to.deep.equal(lineage);
    const later = { ...headerOf(table), added: 1 };
    expect(load(framesOf(table, later)).header).to.deep.equal(headerOf(table));
    for (const text of ['', 'no JSON', 'null', '7', '[]']) {
      expect(parseSnapshotHeader(text), text).to.equal(null);
    }
  });

  it('takes no room for a value of a length that no client can have written', () => {
    const table = new Table();
    table.set('large', Buffer.alloc(FRAME_TARGET_BYTES + 1));
    const [header, large] = framesOf(table);
    if (header === undefined || large === undefined) throw new Error('no frames');
    for (const total of [0, MAX_STORED_VALUE_BYTES + 1, 2 ** 32 - 1]) {
      large.writeUInt32BE(total, FRAME_HEAD_BYTES);
      large.writeUInt32BE(crc32(large.subarray(4), header.readUInt32BE(0)), 0);
      expect(() => load([header, large])).to.throw(
        SnapshotError,
        `a large value of ${total} bytes`,
      );
    }
  });

  it('refuses a stream whose contents are not what its header says', () => {
    const table = filled(10, 20);
    const header = headerOf(table);
    expect(() => load(framesOf(table, { ...header, keys: 9 }))).to.throw(SnapshotError, 'keys');
    const digest = '0'.repeat(16);
    expect(() => load(framesOf(table, { ...header, digest }))).to.throw(SnapshotError, 'digest');
  });
});
