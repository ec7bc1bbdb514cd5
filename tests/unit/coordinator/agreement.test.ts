import { expect } from 'chai';
import fc from 'fast-check';
import type { Position } from '../../../src/base/ids.js';
import { Agreement, type Verdict } from '../../../src/coordinator/agreement.js';

const at = (txid: number, chain = 'x'): Position => ({ txid, chain });
const MEMBERS = ['a', 'b', 'c'];

/** The verdict after each has told its digest at the same txid. */
function after(digests: Readonly<Record<string, string>>, members = MEMBERS): Verdict {
  const agreement = new Agreement();
  let verdict: Verdict = { kind: 'agree' };
  for (const [storeId, digest] of Object.entries(digests)) {
    verdict = agreement.observe(storeId, at(5), digest, members);
  }
  return verdict;
}

describe('coordinator/agreement', () => {
  it('agrees while nobody differs, however many have spoken', () => {
    expect(after({ a: '1' })).to.deep.equal({ kind: 'agree' });
    expect(after({ a: '1', b: '1', c: '1' })).to.deep.equal({ kind: 'agree' });
  });

  it('lets a strict majority of all members outvote the rest, and nothing less', () => {
    const minority = ['b'];
    expect(after({ a: '1', b: '2', c: '1' })).to.deep.equal({
      kind: 'outvoted',
      txid: 5,
      minority,
    });
    expect(after({ a: '1', b: '2' }), 'c has not spoken').to.deep.equal({ kind: 'agree' });
  });

  it('names a minority of several, and not who is silent', () => {
    const five = ['a', 'b', 'c', 'd', 'e'];
    const verdict = after({ a: '1', c: '1', b: '2', d: '1' }, five);
    expect(verdict).to.deep.equal({ kind: 'outvoted', txid: 5, minority: ['b'] });
    const two = after({ a: '1', c: '1', b: '2', e: '3', d: '1' }, five);
    expect(two).to.deep.equal({ kind: 'outvoted', txid: 5, minority: ['b', 'e'] });
  });

  it('stops where nobody can say who is right', () => {
    const split = { kind: 'split', txid: 5 };
    expect(after({ a: '1', b: '2' }, ['a', 'b'])).to.deep.equal(split);
    expect(after({ a: '1', b: '2', c: '3' })).to.deep.equal(split);
    expect(after({ a: '1', b: '1', c: '2', d: '2' }, ['a', 'b', 'c', 'd'])).to.deep.equal(split);
  });

  it('compares the chain as well, and only at equal txids', () => {
    const agreement = new Agreement();
    agreement.observe('a', at(5), '1', ['a', 'b']);
    const elsewhere = agreement.observe('b', at(6, 'y'), '2', ['a', 'b']);
    expect(elsewhere).to.deep.equal({ kind: 'agree' });
    const differs = agreement.observe('b', at(5, 'y'), '1', ['a', 'b']);
    expect(differs.kind).to.equal('split');
  });

  it('takes no notice of who is no member, or was forgotten', () => {
    const agreement = new Agreement();
    agreement.observe('a', at(5), '1', ['a', 'b']);
    agreement.observe('x', at(5), '2', ['a', 'b']);
    expect(agreement.observe('b', at(5), '1', ['a', 'b']).kind).to.equal('agree');
    expect(agreement.observe('x', at(5), '2', ['a', 'x']).kind).to.equal('split');
    agreement.forget('a');
    expect(agreement.observe('x', at(5), '2', ['a', 'x']).kind).to.equal('agree');
  });

  it('knows a common state only once all asked have told the same', () => {
    const agreement = new Agreement();
    expect(agreement.commonState(5, ['a'])).to.equal(null);
    agreement.observe('a', at(5), '1', MEMBERS);
    expect(agreement.commonState(5, ['a'])).to.equal('x 1');
    expect(agreement.commonState(5, ['a', 'b'])).to.equal(null);
    agreement.observe('b', at(5), '1', MEMBERS);
    expect(agreement.commonState(5, ['a', 'b'])).to.equal('x 1');
    agreement.observe('c', at(5), '2', MEMBERS);
    expect(agreement.commonState(5, MEMBERS)).to.equal(null);
    expect(agreement.commonState(6, ['a'])).to.equal(null);
  });

  it('remembers a bounded number of positions, the newest', () => {
    const agreement = new Agreement();
    for (let txid = 1; txid <= 300; txid += 1) agreement.observe('a', at(txid), '1', MEMBERS);
    const known = Array.from({ length: 300 }, (_, index) => index + 1).filter(
      (txid) => agreement.commonState(txid, ['a']) !== null,
    );
    expect([known[0], known.length]).to.deep.equal([45, 256]);
  });

  it('never throws out a strict majority, whatever is said in whatever order', () => {
    const digest = fc.constantFrom('1', '2', '3');
    const votes = fc.uniqueArray(fc.tuple(fc.nat(5), digest), {
      selector: ([who]) => who,
      maxLength: 6,
    });
    fc.assert(
      fc.property(votes, fc.integer({ min: 1, max: 6 }), (list, size) => {
        const members = Array.from({ length: size }, (_, index) => `m${index}`);
        const verdict = after(
          Object.fromEntries(list.map(([who, said]) => [`m${who}`, said])),
          members,
        );
        if (verdict.kind !== 'outvoted') return;
        const heard = list.filter(([who]) => who < size);
        const stay = heard.filter(([who]) => !verdict.minority.includes(`m${who}`));
        expect(stay.length * 2).to.be.greaterThan(size);
        expect(new Set(stay.map(([, said]) => said)).size, 'they agree').to.equal(1);
      }),
    );
  });
});
