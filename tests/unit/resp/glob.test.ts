import { expect } from 'chai';
import fc from 'fast-check';
import { matchesGlob } from '../../../src/resp/glob.js';

describe('patterns of setting names', () => {
  for (const [pattern, text, expected] of [
    ['*', '', true],
    ['*', 'anything', true],
    ['', '', true],
    ['', 'a', false],
    ['max_*', 'MAX_keys', true],
    ['max_*s', 'max_keys', true],
    ['max_*x', 'max_keys', false],
    ['m?x', 'max', true],
    ['m?x', 'mx', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'acb', false],
  ] as const) {
    it(`'${pattern}' and '${text}'`, () => {
      expect(matchesGlob(pattern, text)).to.equal(expected);
    });
  }

  it('agrees with a regular expression', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 8 });
    const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (wanted, letters) => {
        const source = wanted.join('').replaceAll('*', '.*').replaceAll('?', '.');
        const expected = new RegExp(`^${source}$`).test(letters.join(''));
        expect(matchesGlob(wanted.join(''), letters.join(''))).to.equal(expected);
      }),
    );
  });
});
