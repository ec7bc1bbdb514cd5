/**
 * docs/COVERAGE.md, one row for each branch that no test takes, against what c8 has measured. Knows
 * the form of both texts, and no files: it compares how many there are, not which code is quoted.
 */

/** The folders of which the page speaks. */
const MEASURED = /^(?:dist\/)?(src\/(?:wal|storage|coordinator|participant)\/.+)$/;
const FOLDER = /^## (src\/[\w/]+)\/$/;
const FILE = /^### (\S+\.ts)$/;
const ROW = /^\| .+ \| (?<kind>[a-z ]+) \| .*\|$/;
const KIND = /^\| (?<kind>[a-z ]+) \| (?<count>\d+) \| .+ \|$/;
const TOTAL = /The (\d+) others\s+follow/;

interface Page {
  /** Rows of each file. */
  readonly rows: ReadonlyMap<string, number>;
  readonly kinds: ReadonlyMap<string, number>;
  readonly claimedKinds: ReadonlyMap<string, number>;
  readonly claimedTotal: number;
}

/** What differs, a line each; none where the page is true. */
export function coverageDifferences(page: string, lcov: string): string[] {
  const { rows, kinds, claimedKinds, claimedTotal } = readPage(page);
  const uncovered = uncoveredLines(lcov);
  if (uncovered.size === 0) return ['nothing was measured of the folders of docs/COVERAGE.md'];
  const found: string[] = [];
  for (const file of [...new Set([...uncovered.keys(), ...rows.keys()])].sort()) {
    const lines = uncovered.get(file) ?? [];
    const count = rows.get(file) ?? 0;
    if (lines.length === count) continue;
    const places = lines.map((line) => `\n  ${file}:${line}`).join('');
    const branches = `${lines.length} branches are not covered`;
    found.push(`${file}: ${branches}, docs/COVERAGE.md has ${count} rows${places}`);
  }
  for (const kind of new Set([...kinds.keys(), ...claimedKinds.keys()])) {
    const [count, claimed] = [kinds.get(kind) ?? 0, claimedKinds.get(kind) ?? 0];
    if (count === claimed) continue;
    found.push(`docs/COVERAGE.md counts ${claimed} rows as "${kind}", and has ${count}`);
  }
  const total = sum(rows.values());
  if (total !== claimedTotal) {
    found.push(`docs/COVERAGE.md says ${claimedTotal} branches, and has ${total} rows`);
  }
  return found;
}

function readPage(text: string): Page {
  const rows = new Map<string, number>();
  const kinds = new Map<string, number>();
  const claimedKinds = new Map<string, number>();
  let folder: string | null = null;
  let file: string | null = null;
  for (const line of text.split('\n')) {
    const heading = FOLDER.exec(line)?.[1];
    if (heading !== undefined) [folder, file] = [heading, null];
    const name = FILE.exec(line)?.[1];
    if (name !== undefined) file = `${folder ?? ''}/${name}`;
    const claim = folder === null ? KIND.exec(line)?.groups : undefined;
    if (claim !== undefined) claimedKinds.set(claim['kind'] ?? '', Number(claim['count']));
    const kind = ROW.exec(line)?.groups?.['kind'];
    if (file === null || kind === undefined) continue;
    rows.set(file, (rows.get(file) ?? 0) + 1);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return { rows, kinds, claimedKinds, claimedTotal: Number(TOTAL.exec(text)?.[1]) };
}

/** Of each file that was measured, the line of each branch that was never taken. */
function uncoveredLines(lcov: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  let lines: number[] | undefined;
  for (const line of lcov.split('\n')) {
    if (line.startsWith('SF:')) {
      const file = MEASURED.exec(line.slice('SF:'.length))?.[1];
      lines = file === undefined ? undefined : [];
      if (file !== undefined && lines !== undefined) found.set(file, lines);
    }
    const branch = /^BRDA:(\d+),\d+,\d+,(?:0|-)$/.exec(line)?.[1];
    if (branch !== undefined) lines?.push(Number(branch));
  }
  return found;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
}
