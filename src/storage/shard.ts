/**
 * The pairs of one shard. Small ones lie in pages, found through an index of hashes; a pair with a
 * long key or a large value is kept in a Map, its value as it came.
 *
 * Pairs are told in the order of the pages, then of the Map: that depends on what was written and
 * when somebody held the pages, never on a hash.
 * Invariants: a key is in one of the two; the digest is the sum over what was written, and what is
 * overwritten or deleted is subtracted as it stands in memory by then, so that a byte that changed
 * by itself leaves its mark for good.
 */
import type { Bytes } from '../base/bytes.js';
import { crc32 } from '../base/hash.js';
import { PAGED_VALUE_BYTES } from '../base/pair-memory.js';
import { WordSource } from '../base/word-source.js';
import { Tally } from './digest.js';
import { Entries, type HeldEntries } from './entries.js';
import { type HeldPairs, Kept, type Pair } from './kept.js';
import { KeyImage } from './key-image.js';
import type { Pages } from './pages.js';
import { Slots } from './slots.js';
import { Upkeep } from './upkeep.js';

/**
 * Values below this are copied into pages: a buffer of its own costs 250 bytes beside its content,
 * and one from Node's pool keeps 8 KiB in memory as long as any of its neighbours lives.
 */
export const KEPT_BYTES = PAGED_VALUE_BYTES + 1;

/** For keys that are read while the caller's image is in use. */
const ownImage = new KeyImage();

export class Shard {
  private readonly tally: Tally;
  private slots = new Slots();
  private readonly entries: Entries;
  private readonly kept = new Kept();

  constructor(
    memory: Pages,
    whole: Tally,
    private readonly upkeep = new Upkeep(),
  ) {
    this.tally = new Tally(whole);
    this.entries = new Entries(memory, upkeep);
  }

  get(key: string, image: KeyImage): Bytes | undefined {
    const slot = this.find(image);
    return slot < 0 ? this.kept.get(key) : this.entries.value(this.slots.place(slot));
  }

  has(key: string, image: KeyImage): boolean {
    return this.find(image) >= 0 || this.kept.has(key);
  }

  /** The image is that of the key. */
  set(key: string, image: KeyImage, value: Buffer, valueCrc?: number): void {
    const { length } = value;
    if (image.isWhole && length < KEPT_BYTES) {
      if (this.put(image, new WordSource(value), 0, length, valueCrc)) {
        this.removeKept(key, image);
        return;
      }
    }
    if (!this.removeEntry(image)) this.removeKept(key, image);
    this.kept.set(key, length < KEPT_BYTES ? ownCopy(value) : value);
    this.count(1, image, length, valueCrc ?? crc32(value));
  }

  /** Sets a small value that is part of something. False, and nothing done, if `set` must do it. */
  load(image: KeyImage, source: WordSource, from: number, length: number): boolean {
    return this.kept.size === 0 && this.put(image, source, from, length);
  }

  /** Whether the key was there. */
  delete(key: string, image: KeyImage): boolean {
    return this.removeEntry(image) || this.removeKept(key, image);
  }

  /** Whether everything in memory is what was written, and can be found. */
  isSound(): boolean {
    const { entries } = this;
    const sum = new Tally();
    for (const place of this.places()) {
      entries.readKey(place, ownImage);
      const { crc, length } = ownImage;
      sum.count(1, crc, length, entries.valueCrc(place), entries.valueLength(place));
      const slot = this.find(ownImage);
      if (slot < 0 || this.slots.place(slot) !== place) return false;
    }
    for (const [key, value] of this.kept) {
      sum.count(1, crc32(key), key.length, crc32(value), value.length);
    }
    return sum.equals(this.tally);
  }

  /** Copies what is left of a shard full of garbage, though nobody writes to it any more. */
  tidy(): void {
    if (this.entries.isWasteful) this.compact();
  }

  /** The pairs as they are now, whatever is written until it is released. */
  freeze(): FrozenShard {
    const { entries, kept } = this;
    return new FrozenShard(entries, entries.hold(this.entryCount), kept, kept.hold());
  }

  private find(image: KeyImage): number {
    if (!image.isWhole) return -1;
    const { slots, entries } = this;
    let slot = slots.find(image.hash);
    while (slot >= 0 && !entries.holds(slots.place(slot), image)) {
      slot = slots.findNext(slot, image.hash);
    }
    return slot;
  }

  /** False, and nothing done, if there is no memory for it. */
  private put(
    image: KeyImage,
    source: WordSource,
    from: number,
    length: number,
    valueCrc?: number,
  ): boolean {
    const { entries, slots } = this;
    const slot = this.find(image);
    let place: number;
    if (slot < 0) {
      place = entries.append(image, source, from, length);
      if (place === 0) return false;
      slots.add(image.hash, place);
    } else {
      place = slots.place(slot);
      const oldLength = entries.valueLength(place);
      const oldCrc = entries.valueCrc(place);
      if (!entries.overwrite(place, source, from, length)) {
        const other = entries.append(image, source, from, length);
        if (other === 0) return false;
        entries.remove(place);
        slots.move(slot, other);
        place = other;
      }
      this.count(-1, image, oldLength, oldCrc);
    }
    this.count(1, image, length, valueCrc ?? entries.valueCrc(place));
    if (entries.isWasteful && this.upkeep.isPaid) this.compact();
    return true;
  }

  private removeEntry(image: KeyImage): boolean {
    const { entries, slots } = this;
    const slot = this.find(image);
    if (slot < 0) return false;
    const place = slots.place(slot);
    this.count(-1, image, entries.valueLength(place), entries.valueCrc(place));
    slots.remove(slot);
    entries.remove(place);
    if (entries.isWasteful && this.upkeep.isPaid) this.compact();
    return true;
  }

  private removeKept(key: string, image: KeyImage): boolean {
    const value = this.kept.get(key);
    if (value === undefined) return false;
    this.kept.delete(key);
    this.count(-1, image, value.length, crc32(value));
    return true;
  }

  private count(sign: 1 | -1, image: KeyImage, valueLength: number, valueCrc: number): void {
    this.tally.count(sign, image.crc, image.length, valueCrc, valueLength);
  }

  private get entryCount(): number {
    return this.tally.size - this.kept.size;
  }

  private places(): Int32Array {
    return this.entries.places(this.entryCount);
  }

  private compact(): void {
    const { entries } = this;
    const places = entries.compact(this.places());
    this.slots = new Slots(places.length);
    for (const place of places) this.slots.add(entries.keyHash(place), place);
  }
}

/** What a shard held at one moment. It must be released. */
export class FrozenShard {
  constructor(
    readonly entries: Entries,
    private readonly heldEntries: HeldEntries,
    private readonly kept: Kept,
    private readonly heldPairs: HeldPairs,
  ) {}

  /** Where its entries are. */
  places(): Int32Array {
    return this.entries.placesOf(this.heldEntries);
  }

  /** The pairs that are no entries. */
  keptPairs(): Pair[] {
    return this.kept.pairsOf(this.heldPairs);
  }

  release(): void {
    this.entries.release(this.heldEntries);
    this.kept.release(this.heldPairs);
  }
}

/** Outside Node's pool, whose pieces keep each other in memory. */
export function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
