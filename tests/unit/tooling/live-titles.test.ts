/** Which titles of a source file count as those of tests that are run. */
import { expect } from 'chai';
import { liveTitles } from '../../helpers/live-titles.js';

function titlesIn(code: string): string[] {
  return liveTitles('tests/unit/a.test.ts', code);
}

describe('the titles of tests', () => {
  it('are those of tests and suites, as they are written', () => {
    const code = `describe('a suite', function () {
      for (const each of [1]) it(\`S4: keeps \${each}\`, () => undefined);
      it("S5: isn't lost", async () => undefined);
    });`;
    expect(titlesIn(code)).to.deep.equal(['a suite', 'S4: keeps ${each}', "S5: isn't lost"]);
  });

  const dead: [what: string, code: string][] = [
    ['a comment', "// it('S4: is said', () => undefined);"],
    ['a text', 'const a = "it(\'S4: is said\', () => undefined)";'],
    ['a test that is skipped', "it.skip('S4: is skipped', () => undefined);"],
    ['another spelling of it', "xit('S4: is skipped', () => undefined);"],
    ['a test of a skipped suite', "describe.skip('all', () => { it('S4: waits', () => {}); });"],
    ['another spelling of that', "xdescribe('all', () => { it('S4: waits', () => {}); });"],
    ['a test that is still to be written', "it('S4: is planned');"],
    ['a call of something else', "expect('S4: is no test', 'why');"],
  ];
  for (const [what, code] of dead) {
    it(`are not in ${what}`, () => {
      expect(titlesIn(code)).to.deep.equal([]);
    });
  }

  it('are not looked for in what is no source', () => {
    expect(() => titlesIn('it(')).to.throw('tests/unit/a.test.ts');
  });
});
