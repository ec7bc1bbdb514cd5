/**
 * docs/SCHEDULES.md names every schedule once, in order; every test that it names is there and is
 * run; and every test, transcript or plan that bears a schedule's number is named in its row.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { KINDS } from '../chaos/plan.js';
import { liveTitles } from '../helpers/live-titles.js';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import {
  FAULT_KINDS,
  type Nameable,
  numbersOf,
  problem,
  rowsOf,
  unnamed,
} from '../helpers/schedule-page.js';
import { keptPlans } from '../sim/corpus.js';

function read(path: string): string {
  return readFileSync(join(PROJECT_ROOT, path), 'utf8');
}

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_none, index) => `${letter}${index + 1}`);
}

function filesOf(folder: string, ending: string): string[] {
  return readdirSync(join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort();
}

/** `S4, H17` of a text that opens so. */
function openingOf(text: string): string {
  return /^(?:# )?([SH]\d+(?:, [SH]\d+)*): /.exec(text)?.[1] ?? '';
}

/** The faults of the chaos run are named as their list names them. */
function everythingNameable(): Nameable[] {
  const tests = filesOf('tests', '.test.ts').map((path) => {
    return { path, titles: liveTitles(path, read(path)), numbers: [] };
  });
  const transcripts = filesOf('tests/scenarios', '.txt').map((path) => {
    return { path, titles: null, numbers: numbersOf(openingOf(read(path))) };
  });
  const plans = keptPlans().map(({ name, note }) => {
    return {
      path: `tests/sim/corpus/${name}.json`,
      titles: null,
      numbers: numbersOf(openingOf(note.showed)),
    };
  });
  return [...tests, ...transcripts, ...plans, { path: FAULT_KINDS, titles: KINDS, numbers: [] }];
}

describe('docs/SCHEDULES.md', () => {
  const rows = rowsOf(read('docs/SCHEDULES.md'));
  const nameables = everythingNameable();
  const byPath = new Map(nameables.map((each) => [each.path, each]));

  it('has the fifty and the twenty schedules, each once, in words of its own', () => {
    const numbers = rows.map(({ number }) => number);
    expect(numbers).to.deep.equal([...numbered('S', 50), ...numbered('H', 20)]);
    for (const { number, schedule } of rows) expect(schedule, number).to.match(/^[A-Z].*\.$/);
    expect(new Set(rows.map(({ schedule }) => schedule)).size).to.equal(rows.length);
  });

  it('names tests that are run, each once in a row', () => {
    const wrong = rows.flatMap(({ number, tests }) => {
      expect(new Set(tests).size, number).to.equal(tests.length);
      return tests.flatMap((each) => {
        const found = problem(number, each, byPath);
        return found === null ? [] : [`${number}: ${each}: ${found}`];
      });
    });
    expect(wrong.join('\n')).to.equal('');
  });

  it('is linked from the page on testing', () => {
    expect(read('docs/TESTING.md')).to.include('(SCHEDULES.md)');
  });

  it('names every test that bears the number of a schedule', () => {
    expect(unnamed(rows, nameables).join('\n')).to.equal('');
  });

  it('is linked from the page on testing', () => {
    expect(read('docs/TESTING.md')).to.include('(SCHEDULES.md)');
  });
});
