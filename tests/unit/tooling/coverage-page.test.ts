/** The page on coverage is missed where it says another number of branches than was measured. */
import { expect } from 'chai';
import { coverageDifferences } from '../../helpers/coverage-page.js';

const PAGE = `# Coverage

Of 9 branches 7 are covered. The 2 others follow.

| Kind | Branches | What it means |
| --- | --: | --- |
| guard | 1 | It cannot happen. |
| no code | 1 | Nothing to run. |

## src/wal/

### codec.ts

| Branch | Kind | Why |
| --- | --- | --- |
| \`a ?? b \\|\\| c\` | guard | a rule |

## src/storage/

### apply.ts

| Branch | Kind | Why |
| --- | --- | --- |
| (the whole module) | no code |  |
`;

function measured(...files: readonly [name: string, lines: readonly number[]][]): string {
  return files
    .map(([name, lines]) => {
      const branches = lines.map((line, index) => `BRDA:${line},${index},0,0\n`).join('');
      return `TN:\nSF:${name}\n${branches}BRDA:1,90,0,7\nend_of_record\n`;
    })
    .join('');
}

const TRUE = measured(
  ['src/io/door.ts', [5, 6]],
  ['src/wal/codec.ts', [219]],
  ['src/wal/log.ts', []],
  ['src/storage/apply.ts', [1]],
);

describe('the page on coverage', () => {
  it('is true where each branch that was not taken has its row', () => {
    expect(coverageDifferences(PAGE, TRUE)).to.deep.equal([]);
  });

  it('lacks a row: the file and each line are named', () => {
    const lcov = measured(['src/wal/codec.ts', [219, 288]], ['src/storage/apply.ts', [1]]);
    expect(coverageDifferences(PAGE, lcov)).to.deep.equal([
      'src/wal/codec.ts: 2 branches are not covered, docs/COVERAGE.md has 1 rows' +
        '\n  src/wal/codec.ts:219\n  src/wal/codec.ts:288',
    ]);
    const another = TRUE + measured(['src/participant/reads.ts', [7]]);
    expect(coverageDifferences(PAGE, another).join()).to.include('src/participant/reads.ts:7');
  });

  it('has a row too many, also for a file that is gone', () => {
    const lcov = measured(['src/wal/codec.ts', []]);
    expect(coverageDifferences(PAGE, lcov)).to.deep.equal([
      'src/storage/apply.ts: 0 branches are not covered, docs/COVERAGE.md has 1 rows',
      'src/wal/codec.ts: 0 branches are not covered, docs/COVERAGE.md has 1 rows',
    ]);
  });

  it('counts its own rows wrongly', () => {
    const kinds = PAGE.replace('| guard | 1 |', '| guard | 2 |');
    expect(coverageDifferences(kinds, TRUE)).to.deep.equal([
      'docs/COVERAGE.md counts 2 rows as "guard", and has 1',
    ]);
    const total = PAGE.replace('The 2 others', 'The 3 others');
    expect(coverageDifferences(total, TRUE)).to.deep.equal([
      'docs/COVERAGE.md says 3 branches, and has 2 rows',
    ]);
  });

  it('cannot be true where nothing was measured', () => {
    expect(coverageDifferences(PAGE, '').join()).to.include('nothing was measured');
  });
});
