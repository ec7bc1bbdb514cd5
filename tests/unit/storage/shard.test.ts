/** One shard against a Map, at every size where something changes. */
import { expect } from 'chai';
import fc from 'fast-check';
import { crc32 } from '../../../src/base/hash.js';
import { WordSource } from '../../../src/base/word-source.js';
import { Tally } from '../../../src/storage/digest.js';
import { IMAGE_BYTES, KeyImage } from '../../../src/storage/key-image.js';
import { Pages } from '../../../src/storage/pages.js';
import { pairsOf } from '../../helpers/told-pairs.js';
import { type FrozenShard, KEPT_BYTES, Shard } from '../../../src/storage/shard.js';
import { Upkeep } from '../../../src/storage/upkeep.js';

type Model = Map<string, string>;

const KEYS = [
  ...['', 'a', 'ab', 'abc', 'abcd', 'abcde', '\xff\xe9', '\0\0\0\0', '\0'],
  ...[-1, 0, 1].map((more) => 'k'.repeat(IMAGE_BYTES + more)),
  ...Array.from({ length: 12 }, (_, index) => `key ${index}`),
];

/** Around a word, the loop of checksums, and the largest value in a page. */
const LENGTHS = [0, 1, 3, 4, 5, 100, 255, 256, 257, 700, 1022, 1023, 1024, 1025, 3000];

/** A shard and what it should hold. */
class Pair {
  readonly total = new Tally();
  readonly shard: Shard;
  readonly model: Model = new Map();
  private readonly image = new KeyImage();

  constructor(readonly memory: Pages) {
    this.shard = new Shard(memory, this.total);
  }

  set(key: string, value: string, crc?: number): void {
    this.image.readText(key);
    this.shard.set(key, this.image, Buffer.from(value, 'latin1'), crc);
    this.model.set(key, value);
  }

  /** As `Table.load` does it. */
  load(key: string, value: string): void {
    const source = new WordSource(Buffer.from(`..${key}${value}..`, 'latin1'));
    const isSmall = key.length <= IMAGE_BYTES && value.length < KEPT_BYTES;
    if (isSmall) this.image.readBytes(source, 2, key.length);
    if (isSmall && this.shard.load(this.image, source, 2 + key.length, value.length)) {
      this.model.set(key, value);
    } else {
      this.set(key, value);
    }
  }

  delete(key: string): void {
    this.image.readText(key);
    expect(this.shard.delete(key, this.image)).to.equal(this.model.delete(key));
  }

  check(): void {
    const sum = new Tally();
    for (const [key, value] of this.model) {
      sum.count(1, crc32(key), key.length, crc32(Buffer.from(value, 'latin1')), value.length);
    }
    expect(this.total.equals(sum)).to.equal(true);
    expect([this.total.bytes, this.total.digest()]).to.deep.equal([sum.bytes, sum.digest()]);
    expect(this.shard.isSound()).to.equal(true);
    for (const key of KEYS) {
      this.image.readText(key);
      expect(this.shard.has(key, this.image)).to.equal(this.model.has(key));
      const value = this.shard.get(key, this.image)?.toString('latin1');
      expect(value).to.equal(this.model.get(key));
    }
  }
}

function told(frozen: FrozenShard): Model {
  const pairs = pairsOf(frozen);
  const model = new Map(pairs.map(([key, value]) => [key, value.toString('latin1')]));
  expect(model.size, 'every key once').to.equal(pairs.length);
  return model;
}

const step = fc.tuple(
  fc.constantFrom('set', 'set', 'set', 'load', 'delete', 'freeze', 'release'),
  fc.constantFrom(...KEYS),
  fc.constantFrom(...LENGTHS),
  fc.nat(255),
);

function run(
  memory: Pages,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
) {
  const pair = new Pair(memory);
  const frozen: [FrozenShard, Model][] = [];
  for (const [what, key, length, fill] of steps) {
    const value = String.fromCharCode(fill).repeat(length);
    if (what === 'set') pair.set(key, value);
    else if (what === 'load') pair.load(key, value);
    else if (what === 'delete') pair.delete(key);
    else if (what === 'freeze') frozen.push([pair.shard.freeze(), new Map(pair.model)]);
    else if (frozen.length > 0) {
      const [oldest, model] = frozen.shift() ?? [];
      expect(oldest && told(oldest)).to.deep.equal(model);
      oldest?.release();
    }
  }
  pair.check();
  for (const [each, model] of frozen) {
    expect(told(each)).to.deep.equal(model);
    each.release();
  }
  for (const key of KEYS) if (pair.model.has(key)) pair.delete(key);
  pair.check();
}

/** Four pairs a page, as many in each shard. */
function fillAll(shards: readonly Shard[], rounds: number): void {
  const image = new KeyImage();
  for (const shard of shards) {
    for (let round = 0; round < rounds; round += 1) {
      image.readText(`key ${round}`);
      shard.set(`key ${round}`, image, Buffer.alloc(900));
    }
  }
}

function deleteFromAll(shards: readonly Shard[], round: number): void {
  const image = new KeyImage();
  image.readText(`key ${round}`);
  for (const shard of shards) shard.delete(`key ${round}`, image);
}

describe('storage/shard', () => {
  it('H17: does what a map does, and shows what it was frozen with', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        run(new Pages(), steps);
      }),
      { numRuns: 150 },
    );
  });

  it('does so when there are no more pages', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(4), (steps, pages) => {
        run(new Pages(pages), steps);
      }),
      { numRuns: 150 },
    );
  });

  it('moves a pair out of the pages when it grows and there is no page left', () => {
    const pair = new Pair(new Pages(1));
    for (let number = 0; number < 8; number += 1) pair.set(`key ${number}`, 'v'.repeat(480));
    for (const value of ['w'.repeat(1000), 'x'.repeat(5)]) {
      pair.set('key 3', value);
      pair.check();
    }
    expect(pair.memory.left).to.equal(0);
  });

  it('lets go of garbage, also of values that change their size', () => {
    const memory = new Pages();
    const pair = new Pair(memory);
    const full = memory.left;
    for (let round = 0; round < 3000; round += 1) {
      pair.set(`key ${round % 12}`, 'v'.repeat(round % 500));
      if (round % 5 === 0) pair.delete(`key ${(round * 7) % 12}`);
    }
    expect(full - memory.left).to.be.at.most(4);
    pair.check();
  });

  it('keeps its order, through garbage and its collection', () => {
    const pair = new Pair(new Pages());
    for (let number = 0; number < 200; number += 1) pair.set(`n${number}`, 'v'.repeat(100));
    const before = [...told(pair.shard.freeze()).keys()];
    expect(before).to.deep.equal([...pair.model.keys()]);
    for (let number = 0; number < 200; number += 2) pair.delete(`n${number}`);
    pair.set('n1', 'w'.repeat(100));
    expect([...told(pair.shard.freeze()).keys()]).to.deep.equal([...pair.model.keys()]);
  });

  it('takes the checksum of a value from who knows it', () => {
    for (const value of ['small', 'x'.repeat(KEPT_BYTES)]) {
      const [one, other] = [new Pair(new Pages()), new Pair(new Pages())];
      one.set('a', value, crc32(Buffer.from(value)));
      other.set('a', value);
      expect(one.total.digest()).to.equal(other.total.digest());
      one.set('a', value, 1);
      expect(one.total.digest()).to.not.equal(other.total.digest());
      one.delete('a');
      expect(one.total.digest(), 'a wrong one leaves its mark').to.not.equal(new Tally().digest());
    }
  });

  it('copies a small value that it keeps outside its pages, and no large one', () => {
    const shard = new Shard(new Pages(), new Tally());
    const image = new KeyImage();
    const long = 'k'.repeat(IMAGE_BYTES + 1);
    image.readText(long);
    const small = Buffer.from('small');
    shard.set(long, image, small);
    small.fill('x');
    expect(shard.get(long, image)?.toString()).to.equal('small');
    image.readText('k');
    const large = Buffer.alloc(KEPT_BYTES, 1);
    shard.set('k', image, large);
    expect(shard.get('k', image)).to.equal(large);
  });

  it('is frozen without a look at any pair', () => {
    const memory = new Pages();
    const pair = new Pair(memory);
    for (let number = 0; number < 500; number += 1) pair.set(`key ${number}`, 'v'.repeat(100));
    let looks = 0;
    const words = new Proxy(memory.words, {
      get: (target, name) => {
        looks += 1;
        return Reflect.get(target, name) as unknown;
      },
    });
    Object.assign(memory, { words });
    const frozen = pair.shard.freeze();
    expect(looks).to.equal(0);
    pair.delete('key 7');
    expect(told(frozen).size).to.equal(500);
    expect(looks).to.be.greaterThan(0);
  });

  it('tells what was large when it was frozen, with what was deleted since behind it', () => {
    const pair = new Pair(new Pages());
    const [before, after] = ['b'.repeat(KEPT_BYTES), 'a'.repeat(KEPT_BYTES)];
    for (const key of ['changed', 'deleted', 'shrunk', 'same']) pair.set(key, before);
    const frozen = [pair.shard.freeze(), pair.shard.freeze()];
    const model = new Map(pair.model);
    for (const key of ['changed', 'new', 'changed']) pair.set(key, after);
    for (const key of ['deleted', 'new']) pair.delete(key);
    pair.set('shrunk', 'small');
    for (const each of frozen) {
      expect(told(each)).to.deep.equal(model);
      expect([...told(each).keys()]).to.deep.equal(['same', 'changed', 'deleted', 'shrunk']);
      each.release();
    }
    pair.check();
  });

  it('is rid of garbage also when nobody writes to it any more', () => {
    const [memory, upkeep] = [new Pages(), new Upkeep()];
    const shards = Array.from({ length: 100 }, () => new Shard(memory, new Tally(), upkeep));
    fillAll(shards, 40);
    for (let round = 0; round < 15; round += 1) deleteFromAll(shards, round);
    const before = memory.left;
    for (const shard of shards) shard.tidy();
    // Ten pages a shard, of which a third is garbage.
    expect(memory.left - before).to.be.at.least(100);
    expect(shards.every((shard) => shard.isSound())).to.equal(true);
  });

  it('leaves garbage for later when many shards have it at once, and none for good', () => {
    const [memory, upkeep] = [new Pages(), new Upkeep()];
    const shards = Array.from({ length: 200 }, () => new Shard(memory, new Tally(), upkeep));
    const rounds = 40;
    fillAll(shards, rounds);
    const full = memory.left;
    const most: number[] = [];
    const take = memory.take.bind(memory);
    let taken = 0;
    Object.assign(memory, {
      take: () => {
        taken += 1;
        return take();
      },
    });
    for (let round = 0; round < rounds; round += 1) {
      taken = 0;
      deleteFromAll(shards, round);
      most.push(taken);
      if (round === 30) expect(memory.left - full).to.be.at.least(800);
    }
    expect(Math.max(...most)).to.be.within(1, 250);
    for (const shard of shards) shard.tidy();
    // Ten pages a shard, of which one may have little garbage in it.
    expect(memory.left - full).to.be.at.least(200 * 9);
  });
});
