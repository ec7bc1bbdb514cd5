import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { BLOCK_SHIFT, PAGE_WORDS, Pages } from '../../../src/storage/pages.js';

const MANY = 600;

function blocksInUse({ words, bytes }: Pages): number {
  words.forEach((each, index) => expect(each.byteLength).to.equal(bytes[index]?.length));
  return words.filter(({ length }) => length > 0).length;
}

describe('storage/pages', () => {
  it('gives every page to one holder, with memory behind it, and none twice', () => {
    const pages = new Pages();
    const taken = Array.from({ length: MANY }, () => pages.take());
    expect(new Set(taken).size).to.equal(MANY);
    for (const page of taken) {
      expect(page).to.not.equal(0);
      expect(page % PAGE_WORDS).to.equal(0);
      expect(pages.holders(page + PAGE_WORDS - 1)).to.equal(1);
      const words = pages.words[page >>> BLOCK_SHIFT];
      expect(words?.length).to.be.at.least((page % 2 ** BLOCK_SHIFT) + PAGE_WORDS);
    }
    expect(blocksInUse(pages)).to.be.lessThan(10);
  });

  it('gives a page out anew when its last holder lets go, earlier ones first', () => {
    const pages = new Pages();
    const [first, , third] = [pages.take(), pages.take(), pages.take()];
    pages.hold(first);
    pages.release(first);
    expect(pages.take()).to.not.equal(first);
    pages.release(third);
    pages.release(first);
    expect([pages.take(), pages.take()]).to.deep.equal([first, third]);
  });

  it('gives back the memory of a block that nobody holds a page of', () => {
    const pages = new Pages();
    const taken = Array.from({ length: MANY }, () => pages.take());
    const full = blocksInUse(pages);
    const last = taken.at(-1) ?? 0;
    const inLast = taken.filter((page) => page >>> BLOCK_SHIFT === last >>> BLOCK_SHIFT);
    for (const page of inLast) pages.release(page);
    expect(blocksInUse(pages)).to.equal(full - 1);
    const more = Array.from({ length: MANY }, () => pages.take());
    for (const page of more) pages.release(page);
    for (const page of taken) if (!inLast.includes(page)) pages.release(page);
    expect(blocksInUse(pages)).to.equal(0);
    expect(taken).to.include(pages.take());
    expect(blocksInUse(pages)).to.equal(1);
  });

  it('knows how many are left', () => {
    const pages = new Pages(2);
    const page = pages.take();
    expect(pages.left).to.equal(1);
    pages.take();
    expect(pages.left).to.equal(0);
    expect(() => pages.take()).to.throw(AssertionError);
    pages.release(page);
    expect(pages.left).to.equal(1);
  });

  it('has another name for every page, up to the last one that it gives out', () => {
    const pages = new Pages();
    // Without 16 GiB behind them.
    Object.assign(pages, { allocate: () => undefined });
    const seen = new Uint8Array(2 ** 32 / PAGE_WORDS);
    const count = pages.left;
    let distinct = 0;
    for (let taken = 0; taken < count; taken += 1) {
      const number = pages.take() >>> Math.log2(PAGE_WORDS);
      if (seen[number] === 0) distinct += 1;
      seen[number] = 1;
    }
    expect([distinct, seen[0]]).to.deep.equal([count, 0]);
  });
});
