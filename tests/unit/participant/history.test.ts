import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../../src/base/assert.js';
import { START_CHAIN, START_POSITION } from '../../../src/base/ids.js';
import { type HistoryEntry, History } from '../../../src/participant/history.js';

function entry(txid: number, length = 10): HistoryEntry {
  const payload = Buffer.alloc(length);
  return { epoch: 1, txid, commit: true, length, crc: 0, payload, chain: `chain-${txid}` };
}

describe('participant/history', () => {
  it('knows where it began, every position since, and nothing else', () => {
    const history = new History(100_000);
    for (let txid = 1; txid <= 3; txid += 1) history.push(entry(txid));
    expect(history.knows(START_POSITION)).to.equal(true);
    expect(history.knows({ txid: 0, chain: 'other' })).to.equal(false);
    expect(history.knows({ txid: 2, chain: 'chain-2' })).to.equal(true);
    expect(history.knows({ txid: 2, chain: 'chain-1' }), 'the hash decides').to.equal(false);
    expect(history.knows({ txid: 4, chain: 'chain-4' }), 'the future').to.equal(false);
    expect(history.at(0)).to.equal(undefined);
    expect(history.at(3)?.txid).to.equal(3);
    expect(history.at(4)).to.equal(undefined);
  });

  it('starts over behind a snapshot', () => {
    const history = new History(100_000);
    history.push(entry(1));
    history.reset({ txid: 40, chain: 'x' });
    expect(history.knows({ txid: 1, chain: 'chain-1' })).to.equal(false);
    expect(history.knows({ txid: 40, chain: 'x' })).to.equal(true);
    history.push(entry(41));
    expect(history.at(41)?.chain).to.equal('chain-41');
  });

  it('refuses a gap', () => {
    const history = new History(100_000);
    expect(() => {
      history.push(entry(2));
    }).to.throw(AssertionError);
  });

  it('holds nothing when one entry alone is over the budget, and still knows its end', () => {
    const history = new History(250);
    history.push(entry(1, 100));
    expect(history.at(1)).to.equal(undefined);
    expect(history.knows({ txid: 1, chain: 'chain-1' })).to.equal(true);
    expect(history.knows({ txid: 0, chain: START_CHAIN })).to.equal(false);
    history.push(entry(2, 10));
    expect(history.at(2)?.txid).to.equal(2);
  });

  it('gives the room of what it dropped back after a while', () => {
    const history = new History(2100);
    for (let txid = 1; txid <= 5000; txid += 1) history.push(entry(txid));
    expect(history.at(4990), 'ten of 210 bytes fit').to.equal(undefined);
    expect(history.at(4991)?.chain).to.equal('chain-4991');
    expect(history.knows({ txid: 4990, chain: 'chain-4990' })).to.equal(true);
    expect(history.knows({ txid: 4989, chain: 'chain-4989' })).to.equal(false);
  });

  it('keeps the newest within its budget, without a gap, however long it goes on', () => {
    const lengths = fc.array(fc.nat(800), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 40 }), (list, repeats) => {
        const budget = 3000;
        const history = new History(budget);
        const last = list.length * repeats;
        const lengthAt = (txid: number): number => list[(txid - 1) % list.length] ?? 0;
        for (let txid = 1; txid <= last; txid += 1) history.push(entry(txid, lengthAt(txid)));
        let bytes = 0;
        let first = last + 1;
        for (let txid = last; bytes + lengthAt(txid) + 200 <= budget && txid > 0; txid -= 1) {
          bytes += lengthAt(txid) + 200;
          first = txid;
        }
        for (let txid = Math.max(0, last - 30); txid <= last; txid += 1) {
          const found = history.at(txid);
          expect(found?.txid, `at ${txid}`).to.equal(txid >= first ? txid : undefined);
          if (txid >= first) expect(found?.payload?.length).to.equal(lengthAt(txid));
        }
        expect(history.knows({ txid: last, chain: `chain-${last}` })).to.equal(true);
      }),
      { numRuns: 50 },
    );
  });
});
