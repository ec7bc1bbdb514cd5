/** A snapshot that is told, frame by frame, while its table changes, or goes bad. */
import { expect } from 'chai';
import { bufferOf } from '../../../src/base/bytes.js';
import { Prng } from '../../../src/base/prng.js';
import type { Pages } from '../../../src/storage/pages.js';
import { KEPT_BYTES } from '../../../src/storage/shard.js';
import type { SnapshotHeader } from '../../../src/storage/snapshot-header.js';
import {
  FRAME_TARGET_BYTES,
  SnapshotLoader,
  snapshotFrames,
} from '../../../src/storage/snapshot.js';
import { SnapshotSum, TableDamagedError } from '../../../src/storage/snapshot-sum.js';
import { SHARDS, Table } from '../../../src/storage/table.js';
import { flipBit } from '../../helpers/rot.js';

const KEYS = 12_000;
const VALUE_BYTES = 50;
const HIGHEST_BIT_OF_KEY_LENGTH = 19;

function nameOf(index: number): string {
  return `key\xff ${index}`;
}

function filled(): Table {
  const table = new Table();
  for (let index = 0; index < KEYS; index += 1) {
    // Some pairs lie in no page.
    const length = index % 100 === 0 ? KEPT_BYTES : VALUE_BYTES;
    table.set(nameOf(index), Buffer.alloc(length, index % 251));
  }
  return table;
}

function headerOf(table: Table): SnapshotHeader {
  const { size: keys, bytes } = table;
  const chain = 'c'.repeat(32);
  return {
    txid: 7,
    epoch: 2,
    chain,
    digest: table.digest(),
    keys,
    bytes,
    aborted: [],
    lineage: [],
  };
}

/** The most that hold a page. */
function mostHolders(table: Table): number {
  const { memory } = table as unknown as { readonly memory: Pages };
  const { blocks } = memory as unknown as { readonly blocks: { readonly holders: Uint8Array }[] };
  return Math.max(...blocks.map(({ holders }) => Math.max(...holders)));
}

/** Feeds every frame, with something in between. */
function load(frames: Iterable<Buffer>, between: (index: number) => void): SnapshotLoader {
  const loader = new SnapshotLoader();
  let index = 0;
  for (const frame of frames) {
    loader.feed(frame);
    between(index);
    index += 1;
  }
  return loader;
}

describe('storage/snapshot, told while the table is written', () => {
  it('H17: shows each shard as it was until the next one is told', () => {
    const prng = new Prng(1);
    const changes: Record<string, (table: Table, name: string) => void> = {
      'as long': (table, name) => table.set(name, Buffer.alloc(VALUE_BYTES, 252)),
      shorter: (table, name) => table.set(name, Buffer.alloc(3, 252)),
      longer: (table, name) => table.set(name, Buffer.alloc(VALUE_BYTES + 9, 252)),
      deleted: (table, name) => table.delete(name),
      'out of its page': (table, name) => table.set(name, Buffer.alloc(KEPT_BYTES, 252)),
      any: (table, name) => {
        const length = prng.below(3) * 900;
        if (prng.below(4) === 0) table.delete(name);
        else table.set(name, Buffer.alloc(length, 252));
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      const table = filled();
      const header = headerOf(table);
      const snapshot = table.beginSnapshot();
      let frames = 0;
      const loader = load(snapshotFrames(snapshot, header, new SnapshotSum()), () => {
        frames += 1;
        for (let index = 0; index < KEYS; index += 1) change(table, nameOf(index));
      });
      snapshot.close();
      expect(loader.finish().table.digest(), what).to.equal(header.digest);
      expect(frames, 'a shard is told in more than one frame').to.be.greaterThan(4);
      expect(mostHolders(table), what).to.equal(1);
    }
  });

  it('lets every shard go, however far it was told', () => {
    for (const shards of [0, 1, SHARDS / 2, SHARDS, SHARDS + 1]) {
      const table = filled();
      const snapshot = table.beginSnapshot();
      for (let told = 0; told < shards; told += 1) snapshot.next();
      table.set(nameOf(1), Buffer.alloc(1));
      snapshot.close();
      expect(mostHolders(table), `${shards} told`).to.equal(1);
    }
  });

  it('S41: leaves out an entry whose head was damaged since its shard was begun', () => {
    for (const sum of [new SnapshotSum(), null]) {
      const table = filled();
      const header = headerOf(table);
      const snapshot = table.beginSnapshot();
      const told = (): SnapshotLoader =>
        load(snapshotFrames(snapshot, header, sum), (index) => {
          if (index !== 1) return;
          for (let at = 0; at < KEYS; at += 1) {
            if (at % 100 > 0) flipBit(table, nameOf(at), HIGHEST_BIT_OF_KEY_LENGTH);
          }
        });
      if (sum !== null) expect(told).to.throw(TableDamagedError);
      else expect(() => told().finish()).to.throw(/keys where/);
    }
  });

  it('S41: sees a large value change between two of its slices', () => {
    const table = new Table();
    table.set('large', Buffer.alloc(5 * FRAME_TARGET_BYTES, 1));
    const stored = bufferOf(table.get('large') ?? '');
    const sum = new SnapshotSum();
    const frames = snapshotFrames(table.beginSnapshot(), headerOf(table), sum);
    const told = (): unknown =>
      load(frames, (index) => index === 3 && stored.fill(2, stored.length - 1));
    expect(told).to.throw(TableDamagedError);
    expect(sum.isDamaged).to.equal(true);
  });
});

describe('storage/snapshot-sum', () => {
  const names = [
    '',
    'k',
    'key',
    'k\xff',
    'four',
    'k'.repeat(255),
    '\xff'.repeat(256),
    'k'.repeat(300),
  ];
  const lengths = [0, 1, 3, 4, 255, 256, 257, KEPT_BYTES - 1, KEPT_BYTES, FRAME_TARGET_BYTES + 1];
  const all = names.flatMap((name) =>
    lengths.map((length) => [`${name}${length}`, length] as const),
  );

  function tell(table: Table): void {
    const snapshot = table.beginSnapshot();
    const header = headerOf(table);
    for (const frame of snapshotFrames(snapshot, header, new SnapshotSum())) void frame;
    snapshot.close();
  }

  it('agrees with a sound table, whatever is in it', () => {
    const table = new Table();
    for (const [name, length] of all) table.set(name, Buffer.alloc(length, 3));
    tell(table);
  });

  it('H13: does not agree where a bit of a page changed', () => {
    for (const [name, bit] of [
      ['abcd', 0],
      ['abcd', 32],
      ['abcd', 64],
      ['k\xff', 32],
    ] as const) {
      const table = new Table();
      table.set(name, Buffer.from('value'));
      flipBit(table, name, bit);
      expect(() => tell(table), `${name} ${bit}`).to.throw(TableDamagedError);
    }
  });
});
