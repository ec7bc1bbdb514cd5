/**
 * docs/SCHEDULES.md names every schedule once, in order, and every test that it names is there: a
 * title in the file that is said to have it, a transcript that opens with the schedule's number.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROJECT_ROOT } from '../helpers/project-root.js';

const ROW = /^\| ([SH]\d+) \| (.+?) \| (.+) \|$/;
const REFERENCE = /^`([^`]+)`(?: “([^”]+)”)?$/;
const MIN_TITLE = 12;

interface Row {
  readonly number: string;
  readonly schedule: string;
  readonly tests: readonly string[];
}

function rowsOf(text: string): Row[] {
  return text.split('\n').flatMap((line) => {
    const [, number, schedule, tests] = ROW.exec(line) ?? [];
    if (number === undefined || schedule === undefined || tests === undefined) return [];
    return [{ number, schedule, tests: tests.split('; ') }];
  });
}

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_none, index) => `${letter}${index + 1}`);
}

/** What is wrong with a reference, or null. */
function problem(number: string, reference: string): string | null {
  const [, path, title] = REFERENCE.exec(reference) ?? [];
  if (path === undefined) return 'is no `file` “title”';
  if (!existsSync(join(PROJECT_ROOT, path))) return 'there is no such file';
  const text = readFileSync(join(PROJECT_ROOT, path), 'utf8');
  if (path.endsWith('.txt')) {
    const numbers = /^# ((?:[SH]\d+(?:, |: ))+)/.exec(text)?.[1]?.split(/, |: /) ?? [];
    return numbers.includes(number) ? null : `the transcript does not open with ${number}`;
  }
  if (title === undefined || title.length < MIN_TITLE) return 'names no test';
  return text.includes(title) ? null : 'there is no such title';
}

describe('docs/SCHEDULES.md', () => {
  const rows = rowsOf(readFileSync(join(PROJECT_ROOT, 'docs/SCHEDULES.md'), 'utf8'));

  it('has the fifty and the twenty schedules, each once, in words of its own', () => {
    const numbers = rows.map(({ number }) => number);
    expect(numbers).to.deep.equal([...numbered('S', 50), ...numbered('H', 20)]);
    for (const { number, schedule } of rows) expect(schedule, number).to.match(/^[A-Z].*\.$/);
    expect(new Set(rows.map(({ schedule }) => schedule)).size).to.equal(rows.length);
  });

  it('names tests that there are', () => {
    const wrong = rows.flatMap(({ number, tests }) =>
      tests.flatMap((each) => {
        const found = problem(number, each);
        return found === null ? [] : [`${number}: ${each}: ${found}`];
      }),
    );
    expect(wrong.join('\n')).to.equal('');
  });

  it('is linked from the page on testing', () => {
    const page = readFileSync(join(PROJECT_ROOT, 'docs/TESTING.md'), 'utf8');
    expect(page).to.include('(SCHEDULES.md)');
  });
});

describe('a named test', () => {
  it('is missed where its file, its title or its number is', () => {
    const transcript = 'tests/scenarios/s47-nothing-to-delete.txt';
    expect(problem('S47', `\`${transcript}\``)).to.equal(null);
    expect(problem('S46', `\`${transcript}\``)).to.include('does not open with S46');
    expect(problem('S1', '`tests/absent.test.ts` “some title or other”')).to.include(
      'no such file',
    );
    const own = 'tests/unit/tidy.test.ts';
    expect(problem('S1', `\`${own}\` “has tests that are as tidy”`)).to.equal(null);
    expect(problem('S1', `\`${own}\` “has tests that are untidy”`)).to.include('no such title');
    expect(problem('S1', `\`${own}\``)).to.include('names no test');
    expect(problem('S1', own)).to.include('is no `file`');
  });
});
