/**
 * The rows of docs/SCHEDULES.md, and the tests that bear numbers of schedules, held against each
 * other in both directions. Knows how either writes a number, and no files.
 */

/** What the page can name, by path: the titles of its tests, or of its transcript or plan. */
export interface Nameable {
  readonly path: string;
  /** Null where the file is a test by itself. */
  readonly titles: readonly string[] | null;
  /** The numbers that such a file is about, where it says so. */
  readonly numbers: readonly string[];
}

export interface Row {
  readonly number: string;
  readonly schedule: string;
  readonly tests: readonly string[];
}

const ROW = /^\| ([SH]\d+) \| (.+?) \| (.+) \|$/;
const REFERENCE = /^`([^`]+)`(?: “([^”]+)”)?$/;
const NUMBER = /\b[SH][1-9]\d?\b/g;
/** A shorter beginning could be that of any title. */
const MIN_TITLE = 12;
/** The list of faults: short names, none of them the beginning of another. */
export const FAULT_KINDS = 'tests/chaos/plan.ts';
const TRANSCRIPT = '.txt';

export function rowsOf(text: string): Row[] {
  return text.split('\n').flatMap((line) => {
    const [, number, schedule, tests] = ROW.exec(line) ?? [];
    if (number === undefined || schedule === undefined || tests === undefined) return [];
    return [{ number, schedule, tests: tests.split('; ') }];
  });
}

/** S4 and H17 of `S4, H17: what is tested`. */
export function numbersOf(title: string): string[] {
  return [...title.matchAll(NUMBER)].map(([number]) => number);
}

/** What is wrong with a reference in the row of this number, or null. */
export function problem(
  number: string,
  reference: string,
  byPath: ReadonlyMap<string, Nameable>,
): string | null {
  const [, path, title] = REFERENCE.exec(reference) ?? [];
  if (path === undefined) return 'is no `file` “title”';
  const named = byPath.get(path);
  if (named === undefined) return 'there is no such file of tests';
  if (named.titles === null) {
    const saysNumbers = path.endsWith(TRANSCRIPT) || named.numbers.length > 0;
    const isOther = saysNumbers && !named.numbers.includes(number);
    return isOther ? `the file does not open with ${number}` : null;
  }
  const isExact = path === FAULT_KINDS;
  if (title === undefined || (title.length < MIN_TITLE && !isExact)) return 'names no test';
  const isThere = named.titles.some((each) => (isExact ? each === title : each.startsWith(title)));
  return isThere ? null : 'no test that is run has a title that begins so';
}

/** Tests that bear a number and are not named in its row. */
export function unnamed(rows: readonly Row[], nameables: Iterable<Nameable>): string[] {
  const testsOf = new Map(rows.map(({ number, tests }) => [number, tests]));
  const found: string[] = [];
  const look = (numbers: readonly string[], path: string, title: string | null): void => {
    for (const number of numbers) {
      const tests = testsOf.get(number) ?? [];
      if (tests.some((each) => names(each, path, title ?? ''))) continue;
      found.push(`${number} does not name \`${path}\`${title === null ? '' : ` “${title}”`}`);
    }
  };
  for (const { path, titles, numbers } of nameables) {
    look(numbers, path, null);
    for (const title of titles ?? []) look(numbersOf(title), path, title);
  }
  return found;
}

function names(reference: string, path: string, title: string): boolean {
  const [, named, beginning] = REFERENCE.exec(reference) ?? [];
  return named === path && title.startsWith(beginning ?? '');
}
