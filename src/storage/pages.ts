/**
 * Memory in pages of 4 KiB, carved out of a few large blocks, so that the collector sees no more
 * than those. Knows nothing of what is in a page.
 *
 * A place is a number of 32 bits that names a word: `place >>> BLOCK_SHIFT` is its block, `place &
 * BLOCK_MASK` the word's index in it. A page is named by the place of its first word. A page has
 * holders, the shard that fills it and snapshots that still read it, and is given out anew when the
 * last one lets go. Pages of earlier blocks are given out first, and a block of which no page is
 * held gives its memory back. Place 0 is never given out; places are signed numbers. Everything is
 * deterministic.
 */
import { assert } from '../base/assert.js';

const PAGE_SHIFT = 10;
export const PAGE_WORDS = 2 ** PAGE_SHIFT;
export const BLOCK_SHIFT = 18;
export const BLOCK_MASK = 2 ** BLOCK_SHIFT - 1;

const BLOCK_PAGES = 2 ** BLOCK_SHIFT / PAGE_WORDS;

/** Blocks grow up to BLOCK_PAGES, so that a small table is small. */
const FIRST_BLOCK_PAGES = 8;

/** As many as 32 bits can name: 16 GiB, but for what the first blocks are smaller. */
const MOST_PAGES = mostPages();

const NO_BYTES = Buffer.alloc(0);
const NO_WORDS = new Int32Array(0);

interface Block {
  /** Pages, and how many of them can be given out. */
  readonly size: number;
  readonly usable: number;
  readonly holders: Uint8Array;
  readonly free: number[];
}

export class Pages {
  /** The words of each block; none where it has given its memory back. */
  readonly words: Int32Array[] = [];
  /** The same memory as bytes. */
  readonly bytes: Buffer[] = [];
  private readonly blocks: Block[] = [];
  /** No earlier block has a free page. */
  private first = 0;
  private given = 0;

  constructor(private readonly most = MOST_PAGES) {}

  /** Pages that can still be taken. */
  get left(): number {
    return this.most - this.given;
  }

  /** A page with one holder, and with anything in it. */
  take(): number {
    assert(this.given < this.most, 'who takes a page has seen that one is left');
    this.given += 1;
    for (; ; this.first += 1) {
      const block = this.blocks[this.first] ?? this.addBlock();
      const page = block.free.pop();
      if (page === undefined) continue;
      if (this.words[this.first]?.length === 0) this.allocate(this.first, block);
      block.holders[numberIn(page)] = 1;
      return page;
    }
  }

  holders(place: number): number {
    return this.block(place).holders[numberIn(place)] ?? 0;
  }

  hold(page: number): void {
    this.count(page, 1);
  }

  release(page: number): void {
    if (this.count(page, -1) > 0) return;
    const index = page >>> BLOCK_SHIFT;
    const { free, usable } = this.block(page);
    free.push(page);
    this.given -= 1;
    this.first = Math.min(this.first, index);
    if (free.length < usable) return;
    this.words[index] = NO_WORDS;
    this.bytes[index] = NO_BYTES;
  }

  private count(page: number, change: number): number {
    const { holders } = this.block(page);
    const count = this.holders(page) + change;
    holders[numberIn(page)] = count;
    return count;
  }

  private block(place: number): Block {
    const block = this.blocks[place >>> BLOCK_SHIFT];
    assert(block !== undefined, 'a place is in a block');
    return block;
  }

  private addBlock(): Block {
    const index = this.blocks.length;
    const size = blockPages(index);
    // The very first page would have the name that stands for none.
    const skipped = index === 0 ? 1 : 0;
    const free: number[] = [];
    for (let page = size - 1; page >= skipped; page -= 1) {
      free.push(((index * BLOCK_PAGES + page) * PAGE_WORDS) | 0);
    }
    const block = { size, usable: free.length, holders: new Uint8Array(size), free };
    this.blocks.push(block);
    this.words.push(NO_WORDS);
    this.bytes.push(NO_BYTES);
    return block;
  }

  private allocate(index: number, { size }: Block): void {
    const bytes = Buffer.allocUnsafeSlow(size * PAGE_WORDS * 4);
    this.bytes[index] = bytes;
    this.words[index] = new Int32Array(bytes.buffer);
  }
}

function blockPages(index: number): number {
  return Math.min(FIRST_BLOCK_PAGES * 2 ** index, BLOCK_PAGES);
}

/** All but the one whose name stands for none. */
function mostPages(): number {
  let pages = -1;
  for (let index = 0; index < 2 ** (32 - BLOCK_SHIFT); index += 1) pages += blockPages(index);
  return pages;
}

function numberIn(place: number): number {
  return (place & BLOCK_MASK) >>> PAGE_SHIFT;
}
